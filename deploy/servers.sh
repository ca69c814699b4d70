# The Debian packages that Anju and its tests need: sourced by ./anju.
# shellcheck shell=sh
# shellcheck disable=SC2154 # root is the caller's: the folder of the checkout

apt_failure=
policy=${ANJU_POLICY_FILE:-/usr/sbin/policy-rc.d} # the tests name another

is_root() { [ "$(id -u)" -eq 0 ]; }
has_apt() { command -v apt-get >/dev/null 2>&1; }

# There by its program or file, however it came
is_there() {
    case $1 in
        mosquitto) has_program mosquitto ;;
        mosquitto-clients) has_program mosquitto_sub ;;
        influxdb) has_program influxd ;;
        nginx-light) has_program nginx ;;
        postgresql) has_program postgres || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
        chromium) has_program chromium || has_program chromium-browser ;;
        fonts-wqy-microhei) [ -e /usr/share/fonts/truetype/wqy/wqy-microhei.ttc ] ;;
        *) has_program "$1" ;;
    esac
}

has_program() {
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/usr/local/sbin/$1" ]
}

# Servers that we install are for private ports and scratch folders: Debian must not start them
# as services. policy-rc.d is how Debian is told; what stood there is put back.
forbid_services() {
    if [ -e "$policy" ] && grep -q 'written by anju' "$policy" 2>/dev/null; then
        rm -f "$policy" # left over from one that was killed
    fi
    if [ -e "$policy" ]; then
        cp -p "$policy" "$policy.before-anju"
    fi
    printf '#!/bin/sh\n# written by anju for the time of an installation\nexit 101\n' >"$policy" &&
        chmod 755 "$policy"
    policy_set=yes
}

policy_set=
restore_policy() {
    [ -n "$policy_set" ] || return 0
    policy_set=
    if [ -e "$policy.before-anju" ]; then
        mv "$policy.before-anju" "$policy"
    else
        rm -f "$policy"
    fi
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 \
        -o Dpkg::Use-Pty=0 "$@" >>"$apt_log" 2>&1 </dev/null
}

# install_debian PACKAGES…: as root; the lists are fetched only when they do not do
install_debian() {
    mkdir -p "$root/var"
    apt_log=$root/var/apt.log
    printf '' >"$apt_log"
    # one at a time: the guard against services is one file for the whole machine
    if command -v flock >/dev/null 2>&1; then
        exec 8>>/run/lock/anju-apt
        flock 8
    fi
    forbid_services
    apt install --no-install-recommends "$@" || {
        say "      fetching Debian's package lists"
        apt update
        apt install --no-install-recommends "$@"
    }
    status=$?
    restore_policy
    exec 8>&-
    [ "$status" -eq 0 ] && return
    if grep -qi 'no space left' "$apt_log"; then
        apt_failure="apt-get found the disk full; make room and run it again"
    elif grep -qiE 'temporary failure|could not resolve|failed to fetch|cannot initiate|could not connect' "$apt_log"; then
        apt_failure="apt-get cannot fetch packages; check the network and run it again (log: var/apt.log)"
    elif grep -qi 'could not get lock' "$apt_log"; then
        apt_failure="another program holds apt's lock; wait for it and run it again"
    else
        apt_failure="apt-get failed: $(grep '^E:' "$apt_log" | tail -n 1 | cut -c 1-160) (log: var/apt.log)"
    fi
    return 1
}

# need_servers PACKAGES…: installs what is missing as root, else says what and how
need_servers() {
    missing=
    for package; do
        is_there "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if ! is_root || ! has_apt; then
        say "anju: the tests of these will fail, get them with: sudo apt-get install --no-install-recommends$missing"
        return 0
    fi
    say "anju: installing with apt-get, without starting services:$missing"
    # shellcheck disable=SC2086 # one word a package
    install_debian $missing && keep_from_starting $missing && return
    say "anju: $apt_failure"
    # one package that this system does not have must not cost all the others
    for package in $missing; do
        if install_debian "$package"; then
            keep_from_starting "$package"
        else
            say "anju: its tests will fail without it: $package ($apt_failure)"
        fi
    done
    return 0
}

# Nor at the next boot
keep_from_starting() {
    for package; do
        case $package in
            mosquitto | influxdb | postgresql) service=$package ;;
            nginx-light) service=nginx ;;
            *) continue ;;
        esac
        update-rc.d "$service" disable >>"$apt_log" 2>&1 || :
    done
    return 0
}

need_broker() {
    is_there mosquitto && return
    if ! is_root || ! has_apt; then
        fail "this demo needs the broker mosquitto; get it with: sudo apt-get install --no-install-recommends mosquitto"
    fi
    say "anju: installing the broker mosquitto with apt-get, without starting it as a service"
    install_debian mosquitto || fail "this demo needs the broker mosquitto, and $apt_failure"
    keep_from_starting mosquitto
}
