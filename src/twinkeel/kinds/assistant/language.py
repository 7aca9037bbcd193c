"""Whether a text is plainly in another language: by its script, else by its commonest words.

Made for questions of a few words, so it only ever says "another one" when nothing speaks for the
language and something speaks against it. The words are the most frequent ones of each language
that few others share.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
_WORDS: Mapping[str, frozenset[str]] = {
    "en": _words(
        "the of and to is are was were do does did can could will would should may might have has "
        "had how what when where which who why i you he she we they my your his her our their it "
        "this that with from for if there any much many long not be been at by on about get "
        "as or an a in"
    ),
    "de": _words(
        "der die das und ist sind wie was wann wo wer warum ich sie wir mein meine ein eine einen "
        "nicht kann mit von für auf zu den dem viel kostet gibt wenn auch bei nach oder"
    ),
    "fr": _words(
        "le la les et est sont comment quoi quand où qui pourquoi je vous nous mon ma mes un une "
        "des du ne pas puis avec pour sur dans que quel quelle combien au aux ce cette il"
    ),
    "es": _words(
        "el la los las y es son cómo qué cuándo dónde quién por yo usted mi mis un una unos de "
        "del no puedo con para en que cuál cuánto cuesta al se lo su este esta hay"
    ),
    "it": _words(
        "il lo la gli le e è sono come cosa quando dove chi perché io mio mia un una di del della "
        "non posso con per su nel che quale quanto costa al si questo questa"
    ),
    "pt": _words(
        "o os as e é são como quando onde quem eu você meu minha um uma de do da dos não posso "
        "com para em no na que qual quanto custa ao se este esta há"
    ),
    "nl": _words(
        "de het een en is zijn hoe wat wanneer waar wie waarom ik jij wij mijn niet kan met van "
        "voor op te hoeveel kost als ook bij naar of deze dit dat er"
    ),
}


def is_other(text: str, language: str) -> bool:
    """Whether `text` is plainly not in `language` (a two-letter code)."""
    own = _WORDS.get(language)
    letters = [sign for sign in text if sign.isalpha()]
    if own is None or not letters:
        return False
    latin = sum(unicodedata.name(sign, "").startswith("LATIN") for sign in letters)
    if latin < len(letters) / 2:
        return True
    words = [word.casefold() for word in _WORD.findall(text)]
    for_it = sum(word in own for word in words)
    against = max(
        sum(word in known and word not in own for word in words)
        for name, known in _WORDS.items()
        if name != language
    )
    return against >= 2 and against > for_it
