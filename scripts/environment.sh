# Sourced by the other scripts: makes .venv and installs the pinned requirements into it, each file only when it
# has changed since the last time.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv_python=.venv/bin/python

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# The pinned packages have wheels for these.
is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in python3 python3.12 python3.11 python3.13 python; do
        if command -v "$candidate" >/dev/null && is_supported "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed; found $(python3 --version 2>/dev/null || echo none)." \
        "Install one (Debian: apt-get install python3 python3-venv) and run this again."
}

make_environment() {
    local python
    # pip comes last: without it an earlier run was broken off.
    if [ -x .venv/bin/pip ] && is_new_enough "$venv_python"; then
        return
    fi
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python has no venv module. Install it (Debian: apt-get install python3-venv) and run this again."
    echo "Making a virtual environment in .venv" >&2
    "$python" -m venv .venv
    rm -f .venv/installed-*
}

# install FILE...: a copy of what was installed lies in .venv, and an equal file needs nothing.
install() {
    local file arguments=() changed=
    for file in "$@"; do
        arguments+=(-r "$file")
        cmp -s "$file" ".venv/installed-$file" || changed=yes
    done
    if [ -n "$changed" ]; then
        echo "Installing $* (the first time this takes minutes)" >&2
        "$venv_python" -m pip install --disable-pip-version-check --quiet "${arguments[@]}" ||
            fail "pip could not install $*; see above."
        for file in "$@"; do cp "$file" ".venv/installed-$file"; done
    fi
}

make_environment
