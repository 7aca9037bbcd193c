"""The languages of documents: those that Snowball has a stemmer for, by their two-letter codes.

Owns the stop words, which are this project's own short lists of the commonest words that say
nothing by themselves. A language without a list has no stop words: rare words count more anyway.
The embedding model is English, whatever the language.
"""

from __future__ import annotations

STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""By the language's code, what Snowball calls its stemmer: its name in English."""

_STOP = {
    "en": "a an and are as at be been but by can could did do does for from had has have how "
    "i if in into is it its me my no not of on or our she he should so such than that "
    "the their them then there these they this those to was we were what when where "
    "which who whom whose why will with would you your",
    "de": "der die das den dem des ein eine einen einem einer eines und oder aber ist sind war "
    "waren wird werden wie was wann wo wer warum welche welcher welches ich sie er es wir ihr "
    "mein meine mir mich man nicht kein keine mit von vom für auf zu zum zur im in an am bei "
    "beim nach aus als auch dass wenn kann können muss soll hat haben",
    "es": "el la los las un una unos unas y o pero es son era fue ser como cómo que qué cuando "
    "cuándo donde dónde quien quién por para de del en con a al se lo le su sus no mi mis me si "
    "más ya hay este esta esto puedo puede",
    "fr": "le la les l un une des du de d et ou mais est sont était être comment que quoi qu quand "
    "où qui pourquoi quel quelle je j vous nous il elle ils on mon ma mes me votre vos ne n pas "
    "avec pour par sur dans au aux ce cette ces se s en à si y peut",
    "it": "il lo la gli le l i un una uno e ed o ma è sono era essere come cosa che quando dove "
    "chi perché quale di del dello della dei delle da dal in nel nella con per su sul a al alla "
    "non mio mia mi si se ci questo questa posso può",
    "nl": "de het een en of maar is zijn was waren wordt worden hoe wat wanneer waar wie waarom "
    "welke ik je jij u hij zij ze wij we mijn me niet geen met van voor op te tot in aan bij naar "
    "uit als ook dat die dit deze er om kan kunnen moet heeft hebben",
    "pt": "o a os as um uma uns umas e ou mas é são era ser como que quando onde quem por porque "
    "qual para de do da dos das em no na nos nas com ao à se eu você meu minha me não mais já "
    "este esta isto há posso pode",
}
STOP = {language: frozenset(words.split()) for language, words in _STOP.items()}
"""By the language's code, the words that are not looked for."""
