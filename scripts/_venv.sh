# Sourced by scripts/run and scripts/test: a virtual environment with the project in it. Not a command of its own.
# SMSGWD_VENV names the environment (default .venv), SMSGWD_PYTHON the interpreter to make it with.

find_python() {
    local candidate
    for candidate in "${SMSGWD_PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 is needed (with its venv module); set SMSGWD_PYTHON to one." >&2
    return 1
}

# install_project DIR EXTRAS: make the environment when it is missing, install when pyproject.toml files have changed.
install_project() {
    local venv=$1 extras=$2 python stamp wanted
    if [ ! -x "$venv/bin/python" ]; then
        python=$(find_python) || return 1
        echo "Making the virtual environment $venv with $("$python" --version) ..."
        "$python" -m venv "$venv" || return 1
    fi
    stamp=$venv/.installed-${extras:-run}
    wanted=$( (cat pyproject.toml; cat plugins/*/pyproject.toml 2>/dev/null || true) | cksum)
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        echo "Installing smsgwd and what it needs ..."
        local plugin all=(--editable ".${extras:+[$extras]}")
        for plugin in plugins/*/pyproject.toml; do
            [ ! -f "$plugin" ] || all+=(--editable "./$(dirname "$plugin")")
        done
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${all[@]}" || return 1
        printf '%s\n' "$wanted" > "$stamp"
    fi
}
