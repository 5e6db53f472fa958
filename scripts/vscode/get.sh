#!/usr/bin/env bash
# get.sh [DIR]: installs a real VS Code that can be driven without a display.
#
# Used by the extension-host tests, the end-to-end tests and `npm run demo` on machines without a
# desktop VS Code. Everything comes from package registries through npm and apt:
#
#   DIR/node/   Node 24, binary and headers           (the server and the extension host run on it)
#   DIR/cs/     code-server, the VS Code server
#   DIR/tools/  node-gyp, for the two native modules that are compiled
#   DIR/bin/    node, code-server (wrappers)
#   chromium    the distribution's, installed by apt when run as root; else the command is printed
#
# DIR defaults to $STACKYARD_VSCODE_DIR, else ${XDG_CACHE_HOME:-~/.cache}/stackyard/vscode.
# STACKYARD_CHROMIUM names another Chromium or Chrome binary.
# The second run returns at once (a stamp holds the pinned versions); of two callers the second waits.
# Needs: Linux on x64 or arm64, npm, gcc, g++, make, python3; about 800 MB and 2 minutes.
set -euo pipefail

readonly CODE_SERVER_VERSION=4.139.1 # VS Code 1.139.1
readonly NODE_VERSION=24.21.0        # what code-server 4.139 asks for
readonly NODE_GYP_VERSION=12.1.0
readonly RECIPE=1 # raise it when the steps below change, so that old installations are made again

started=$(date +%s)
say() { printf 'vscode %3ss  %s\n' "$(($(date +%s) - started))" "$*"; }
die() {
  printf 'get.sh: %s\n' "$@" >&2
  exit 1
}

[ $# -le 1 ] || { echo "usage: get.sh [DIR]" >&2; exit 2; }
target=${1:-${STACKYARD_VSCODE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/stackyard/vscode}}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  *) die "the VS Code server for tests runs on Linux (x64, arm64) only; this is $(uname -s) $(uname -m)." ;;
esac
for tool in npm gcc g++ make python3 flock; do
  command -v "$tool" >/dev/null || die "'$tool' is missing." "Install it (Debian: apt-get install -y npm build-essential python3 util-linux) and try again."
done

# A folder of somebody else's is never touched: it must be new, empty, or ours.
mkdir -p "$target" 2>/dev/null || die "can't make the folder $target." "Name another one: get.sh DIR."
DIR=$(cd "$target" && pwd)
marker="$DIR/.stackyard-vscode"
held=$(ls -A "$DIR") # read before the marker: another caller may be making it right now
if [ -n "$held" ] && [ ! -e "$marker" ]; then
  die "$DIR holds other files." "Name an empty or a new folder."
fi
: >"$marker" || die "can't write to $DIR."
log="$DIR/install.log"

exec 9>"$DIR/.lock"
if ! flock -n 9; then
  say "another installation into $DIR is under way; waiting"
  flock 9
fi

fail() {
  tail -30 "$log" >&2
  die "$1" "The whole log is in $log."
}

find_chromium() {
  if [ -n "${STACKYARD_CHROMIUM:-}" ]; then
    [ -x "$STACKYARD_CHROMIUM" ] || die "STACKYARD_CHROMIUM names $STACKYARD_CHROMIUM, which can't be run."
    echo "$STACKYARD_CHROMIUM"
    return
  fi
  command -v chromium || command -v chromium-browser || command -v google-chrome-stable || command -v google-chrome || true
}

install_chromium() {
  local command="apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "no Chromium found." "Install one (Debian: sudo $command) or set STACKYARD_CHROMIUM to its path."
  fi
  say "installing chromium with apt"
  for attempt in 1 2 3 4 5; do # apt's own lock may be held by somebody else for a moment
    if { apt-get update && DEBIAN_FRONTEND=noninteractive $command; } >>"$log" 2>&1; then return; fi
    [ "$attempt" = 5 ] || sleep 5
  done
  fail "apt could not install chromium."
}

npm_install() { # npm_install FOLDER ARGUMENT...: install scripts are never run, see compile_native
  local folder=$1
  shift
  mkdir -p "$folder"
  [ -e "$folder/package.json" ] || echo '{"private":true}' >"$folder/package.json"
  (cd "$folder" && npm install --ignore-scripts --omit=dev --no-audit --no-fund --no-update-notifier \
    --loglevel=error "$@" >>"$log" 2>&1) || fail "npm install $* failed in $folder."
}

install_node() {
  say "node $NODE_VERSION"
  npm_install "$DIR/node" "node-$platform@$NODE_VERSION"
  node_home="$DIR/node/node_modules/node-$platform"
  mkdir -p "$DIR/bin"
  ln -sfn "$node_home/bin/node" "$DIR/bin/node"
  export PATH="$DIR/bin:$PATH" # npm and node-gyp run on this Node from here on
  [ "$(node --version)" = "v$NODE_VERSION" ] || fail "the installed Node is $(node --version), not v$NODE_VERSION."
}

# code-server's install script would run npm in its VS Code folder, build every native module and set
# two links. It is skipped and its needed part done here: nothing depends on npm's policy for scripts.
install_code_server() {
  say "code-server $CODE_SERVER_VERSION"
  npm_install "$DIR/cs" "code-server@$CODE_SERVER_VERSION"
  code_server="$DIR/cs/node_modules/code-server"
  vscode="$code_server/lib/vscode"
  say "VS Code's own dependencies"
  npm_install "$vscode"
  npm_install "$vscode/extensions"
  (cd "$vscode/extensions" && node postinstall.mjs >>"$log" 2>&1) || fail "the post-install step of VS Code's extensions failed."
  ln -sfn code-linux.sh "$vscode/bin/remote-cli/code-server"
  ln -sfn browser-linux.sh "$vscode/bin/helpers/browser.sh"
  # An AI assistant's extension and SDK: 170 MB that nothing here uses.
  rm -rf "$vscode/extensions/copilot" "$vscode"/node_modules/@github/copilot-sdk*
}

# The terminal, file watcher, search and password modules come prebuilt in their npm packages. Two have
# to be compiled: log files, and the watchdog that ends the extension host with its server.
compile_native() {
  local module
  for module in @vscode/spdlog @vscode/native-watchdog; do
    say "compiling $module"
    (cd "$vscode/node_modules/$module" &&
      node "$DIR/tools/node_modules/node-gyp/bin/node-gyp.js" rebuild -j 2 --nodedir="$node_home" >>"$log" 2>&1) ||
      fail "compiling $module failed."
    rm -rf "$vscode/node_modules/$module/build/Release/obj.target"
  done
}

write_wrapper() {
  cat >"$DIR/bin/code-server" <<WRAPPER
#!/bin/sh
exec "$DIR/bin/node" "$code_server/out/node/entry.js" "\$@"
WRAPPER
  chmod +x "$DIR/bin/code-server"
  "$DIR/bin/code-server" --config /dev/null --version 2>>"$log" | grep -q "^$CODE_SERVER_VERSION " ||
    fail "the installed code-server does not start."
}

chromium=$(find_chromium)
if [ -z "$chromium" ]; then
  install_chromium
  chromium=$(find_chromium)
fi

stamp="recipe=$RECIPE code-server=$CODE_SERVER_VERSION node=$NODE_VERSION node-gyp=$NODE_GYP_VERSION dir=$DIR"
if [ "$(cat "$DIR/.stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$DIR/.stamp" "$DIR/node" "$DIR/cs" "$DIR/tools" "$DIR/bin"
  : >"$log"
  install_node
  npm_install "$DIR/tools" "node-gyp@$NODE_GYP_VERSION"
  install_code_server
  compile_native
  write_wrapper
  echo "$stamp" >"$DIR/.stamp"
fi

ln -sfn "$chromium" "$DIR/bin/chromium"
say "VS Code $CODE_SERVER_VERSION (code-server) is ready in $DIR"
