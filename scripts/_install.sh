# Sourced by scripts/install, scripts/upgrade and scripts/build_deb: what they share. Not a command of its own.
# $root is the directory that stands for / ("" for the real one), $source the tree that is installed.

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The version's directory is called after the release and what is in the tree: the same tree is never built twice.
tree_name() {
    local release sum
    release=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$source/pyproject.toml" | head -1)
    [ -n "$release" ] || die "$source/pyproject.toml names no version"
    sum=$(cd "$source" && find pyproject.toml smsgwd $([ ! -d plugins ] || echo plugins) -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z \
        | xargs -0 sha256sum | sha256sum | cut -c1-8)
    printf '%s-%s\n' "$release" "$sum"
}

# find_system_python: an interpreter for good, not one of a virtual environment that may go away.
find_system_python() {
    local candidate
    for candidate in "${python:-}" /usr/bin/python3 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 python3; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import ensurepip, sys, venv; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))' \
            2>/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    die "Python 3.11, 3.12 or 3.13 with its venv module is needed (Debian: apt install python3-venv); name one with --python"
}

# build_version: $root/opt/smsgwd/versions/NAME, whole or not at all; sets $version (its name) and $built (its directory).
build_version() {
    version=$(tree_name) || exit 1
    built=$root/opt/smsgwd/versions/$version
    if [ -e "$built/complete" ]; then
        say "    version $version is there already"
        return 0
    fi
    local interpreter command plugin
    interpreter=$(find_system_python) || exit 1
    step "Building version $version with $("$interpreter" --version): the packages it needs come from the package index"
    rm -rf "$built"
    mkdir -p "$built"
    "$interpreter" -I -m venv "$built" || die "the virtual environment $built cannot be made"
    set -- "$source"
    for plugin in "$source"/plugins/*/pyproject.toml; do
        [ -f "$plugin" ] && set -- "$@" "$(dirname "$plugin")"
    done
    # shellcheck disable=SC2086 -- options of pip, several words
    "$built/bin/python" -I -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
        ${pip_options:-} "$@" || die "pip could not install $source; nothing was changed"
    # A command finds its interpreter beside itself: the directory may be built in one place and run in another.
    for command in smsgwd smsgwctl; do
        local body
        body=$(tail -n +2 "$built/bin/$command")
        printf '%s\n' '#!/bin/sh' "'''exec' \"\$(dirname \"\$(readlink -f \"\$0\")\")/python\" \"\$0\" \"\$@\"" "' '''" "$body" \
            > "$built/bin/$command"
    done
    cp -r "$source/docs" "$built/docs"
    "$built/bin/python" -I -m compileall -q "$built/lib" >/dev/null 2>&1 || true
    "$built/bin/smsgwd" --version >/dev/null || die "$built/bin/smsgwd does not run"
    printf '%s\n' "$version" > "$built/complete"
    chmod -R u+rwX,go+rX,go-w "$built"
}

# current_version: the name of the version that `current` leads to, or nothing.
current_version() {
    local link
    link=$(readlink "$root/opt/smsgwd/current" 2>/dev/null) || return 0
    printf '%s\n' "${link##*/}"
}

# switch_to NAME: `current` leads to a version from now on, in one step; `previous` to the one of before.
switch_to() {
    local old
    old=$(current_version)
    if [ -n "$old" ] && [ "$old" != "$1" ]; then
        ln -sfn "versions/$old" "$root/opt/smsgwd/.previous.new"
        mv -T "$root/opt/smsgwd/.previous.new" "$root/opt/smsgwd/previous"
    fi
    ln -sfn "versions/$1" "$root/opt/smsgwd/.current.new"
    mv -T "$root/opt/smsgwd/.current.new" "$root/opt/smsgwd/current"
    ln -sfn current/bin "$root/opt/smsgwd/bin"
}

# put FROM TO MODE: install a file, if it differs.
put() {
    if cmp -s "$1" "$root$2"; then
        return 0
    fi
    mkdir -p "$(dirname "$root$2")"
    install -m "$3" "$1" "$root$2"
    say "    $2"
}

# put_files: everything but the versions and what is the administrator's.
put_files() {
    local unit shell
    for unit in smsgwd.service smsgwd@.service; do
        put "$source/systemd/$unit" "/usr/local/lib/systemd/system/$unit" 644
    done
    for unit in smsgwd.socket smsgwd@.socket; do
        put "$source/systemd/$unit" "/opt/smsgwd/examples/$unit" 644
    done
    put "$source/etc/smsgwd.example.yaml" /opt/smsgwd/examples/smsgwd.yaml 644
    put "$source/systemd/sysusers.d/smsgwd.conf" /usr/local/lib/sysusers.d/smsgwd.conf 644
    put "$source/systemd/tmpfiles.d/smsgwd.conf" /usr/local/lib/tmpfiles.d/smsgwd.conf 644
    mkdir -p "$root/usr/local/bin"
    ln -sfn /opt/smsgwd/bin/smsgwd "$root/usr/local/bin/smsgwd"
    ln -sfn /opt/smsgwd/bin/smsgwctl "$root/usr/local/bin/smsgwctl"
    local -A place=(
        [bash]=/usr/local/share/bash-completion/completions/smsgwctl
        [zsh]=/usr/local/share/zsh/site-functions/_smsgwctl
        [fish]=/etc/fish/completions/smsgwctl.fish # fish does not look below /usr/local by itself
    )
    local made
    made=$(mktemp)
    for shell in bash zsh fish; do
        if "$built/bin/smsgwctl" completion "$shell" > "$made" 2>/dev/null && [ -s "$made" ]; then
            put "$made" "${place[$shell]}" 644
        fi
    done
    rm -f "$made"
}

# as_service COMMAND...: run it as the service's user where we are root on the real system; else as we are.
as_service() {
    if [ -z "$root" ] && [ "$(id -u)" = 0 ] && id smsgwd >/dev/null 2>&1; then
        setpriv --reuid smsgwd --regid smsgwd --init-groups --inh-caps=-all "$@"
    else
        "$@"
    fi
}

# of a unit (smsgwd, smsgwd@NAME): where its configuration and its admin socket are.
config_of() { case $1 in smsgwd@*) printf '%s/etc/smsgwd/%s.yaml\n' "$root" "${1#smsgwd@}" ;; *) printf '%s/etc/smsgwd/smsgwd.yaml\n' "$root" ;; esac; }
