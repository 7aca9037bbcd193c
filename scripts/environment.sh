# Finds Python 3.11 or newer and makes .venv with it; sourced by the scripts beside it.
#
# `environment NAME PIP-ARGUMENTS...` installs what the arguments say, with the versions of
# constraints.txt, unless exactly that was installed before.
#
# Tried on Linux (x86-64). For Linux on ARM and for macOS 14 or newer on Apple silicon every wheel
# is there, but nobody has run it; on a Mac, LightGBM may ask for `brew install libomp`. Macs with
# Intel processors have no wheel of the pinned onnxruntime. Windows is untested: use WSL.

die() {
  printf '%s\n' "$*" >&2
  exit 3
}

find_python() {
  for name in python3.13 python3.12 python3.11 python3; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
      >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  found=$(python3 --version 2>&1) || found="none"
  die "Python 3.11, 3.12 or 3.13 is needed and was not found (python3 is: $found). Install one," \
    "from your system's packages or python.org, and run this again."
}

# Whether .venv is whole and of this folder: its commands name the place that they were made in.
usable() {
  .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
    .venv/bin/python -m pip --version >/dev/null 2>&1 &&
    [ "$(cat .venv/place 2>/dev/null || pwd)" = "$(pwd)" ]
}

environment() {
  if ! usable; then
    python=$(find_python) || exit $?
    echo "Making .venv with $python"
    rm -rf .venv
    "$python" -m venv .venv || die "$python cannot make a virtual environment: install its venv" \
      "module (on Debian and Ubuntu: apt install python3-venv) and run this again."
    pwd >.venv/place
  fi
  stamp=".venv/installed-$1"
  shift
  wanted="$* $(cksum pyproject.toml constraints.txt)"
  if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  echo "Installing into .venv (a few minutes the first time)"
  {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' &&
      .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --constraint constraints.txt "$@"
  } || die "pip could not install what is needed; its message is above. Run this again when the" \
    "network or the package index answers."
  printf '%s\n' "$wanted" >"$stamp"
}
