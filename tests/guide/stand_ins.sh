# What stands in for the few commands of a page that would take minutes, the network, or all of the machine.

cargo() {
    case "$1" in
        install)
            # The runner that is tested is the one that was just built.
            [ "$*" = "install --locked --path service_framework" ] && [ -f service_framework/src/main.rs ]
            ln -sf "$SF_RUNNER" "$SF_BIN/service_framework"
            ;;
        new)
            command "$CARGO" "$@"
            local folder="${!#}"
            # What this project has built already need not be built anew. So no two pages have a crate of the same name.
            ln -s "$SF_TARGET" "$folder/target"
            cp service_framework/Cargo.lock "$folder"
            ;;
        *) command "$CARGO" "$@" ;;
    esac
}

python3() {
    case "$*" in
        "-m venv "*) [ -n "$SF_PYTHON" ] && ln -s "$SF_PYTHON" "${!#}" ;;
        *) command python3 "$@" ;;
    esac
}

# Only what this page has started, whatever else runs on the machine. The system knows 15 characters of a name.
pidof() {
    pgrep --pgroup "$(paste -sd, "$SF_BIN/groups")" --exact "${1:0:15}"
}
