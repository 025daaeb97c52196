#!/usr/bin/env bash
# A private native PostgreSQL server with pgvector, for tests and benchmarks on Debian 12 and 13. See --help.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: scripts/native-postgres.sh <command> [options]

A private PostgreSQL server with pgvector for tests and benchmarks (Debian 12 and 13, as root or not).
For production use docker-compose.yml or a server of your own.

Commands
  prepare              install what is missing: PostgreSQL and pgvector (needs root, or sudo without a password)
  start                create the server if there is none, and start it; a running server is left as it is
  stop                 stop it; the data stays
  crash                end it at once as a crash would, and start it again
  status               say whether it runs (exit code 0 running, 3 not)
  url                  print the URL of the role "vitrine" (login, CREATEDB, CREATEROLE, not a superuser)
  destroy              stop it and delete its folder, data included

Options
  --fsync on|off           start: default off (quick tests; a power cut would lose the data); benchmarks use on
  --shared-buffers SIZE    start: default a quarter of the memory, at most 1GB
  --port NUMBER            start: default the port of last time, else a free one from 20000 up
  --superuser              url: the superuser's URL
  --socket                 url: through the Unix socket instead of 127.0.0.1

start and url print DATABASE_URL=postgresql://... as their last line, everything else goes to standard error:
  eval "$(scripts/native-postgres.sh start --fsync on | tail -1)" && export DATABASE_URL

Environment
  VITRINE_NATIVE_FOLDER  where the server lives; default .native/ in the repository
  VITRINE_NATIVE_USER    the account that runs the server when root calls this script; default postgres
HELP
}

say() { printf '%s\n' "native-postgres: $*" >&2; }
fail() { say "$*"; exit 1; }

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
own_folder=${VITRINE_NATIVE_FOLDER:+$(realpath -m "$VITRINE_NATIVE_FOLDER")}
# The server's account may not be able to enter the caller's folder, and PostgreSQL's programs complain about that.
cd /
server_user=${VITRINE_NATIVE_USER:-postgres}
minimum_pgvector=0.8.0
fsync=off
shared_buffers=
wanted_port=
as_superuser=no
by_socket=no

is_root() { [ "$(id -u)" = 0 ]; }

# The server refuses to run as root, so root hands its commands to an ordinary account.
as_server() { if is_root; then runuser -u "$server_user" -- "$@"; else "$@"; fi; }

# ---------------------------------------------------------------- what is installed

# Prints the newest version in Debian's layout that has both the server and pgvector >= minimum_pgvector.
find_server() {
  local folder version control installed
  for folder in $(ls -d /usr/lib/postgresql/*/ 2>/dev/null | sort -t/ -k5 -rn); do
    version=$(basename "$folder")
    control=/usr/share/postgresql/$version/extension/vector.control
    [ -x "$folder/bin/postgres" ] && [ -x "$folder/bin/initdb" ] && [ -r "$control" ] || continue
    installed=$(sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" "$control")
    if dpkg --compare-versions "${installed:-0}" ge "$minimum_pgvector"; then printf '%s\n' "$version"; return 0; fi
  done
  return 1
}

require_server() {
  local version
  version=$(find_server) || fail "no PostgreSQL with pgvector >= $minimum_pgvector is installed. Run: scripts/native-postgres.sh prepare"
  server_bin=/usr/lib/postgresql/$version/bin
}

prepare() {
  local version debian postgres
  if version=$(find_server) && { ! is_root || has_server_user; }; then say "PostgreSQL $version with pgvector is installed already"; return; fi
  [ -r /etc/os-release ] || fail "no /etc/os-release: this script knows Debian 12 and 13 only. Elsewhere install PostgreSQL >= 15 with pgvector >= $minimum_pgvector and set DATABASE_URL."
  debian=$(. /etc/os-release && printf '%s-%s' "${ID:-unknown}" "${VERSION_ID:-unknown}")
  case $debian in
    debian-12) postgres=15 ;;
    debian-13) postgres=17 ;;
    *) fail "this is $debian; the script knows Debian 12 and 13 only. Install PostgreSQL >= 15 with pgvector >= $minimum_pgvector and set DATABASE_URL, or use docker compose." ;;
  esac
  if ! is_root; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      say "installing through sudo"
      sudo -n "$repository/scripts/native-postgres.sh" prepare
      return
    fi
    fail "installing packages needs root, and sudo does not work here without a password. Run once: sudo scripts/native-postgres.sh prepare"
  fi
  say "installing PostgreSQL $postgres with pgvector on $debian"
  work=$(mktemp -d)
  trap 'finish_prepare' EXIT
  chmod 755 "$work"
  quiet "refresh the package lists (is the network there?)" apt-get update
  install_without_a_cluster "$postgres"
  if [ "$debian" = debian-12 ]; then build_pgvector "$postgres"; else quiet "install pgvector" apt_install "postgresql-$postgres-pgvector"; fi
  version=$(find_server) || fail "the installation went through, but pgvector >= $minimum_pgvector is not in /usr/share/postgresql/$postgres/extension. Please report this with the output of: dpkg -l | grep -i postgres"
  has_server_user || useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$server_user"
  say "PostgreSQL $version with pgvector is installed"
}

has_server_user() { id -u "$server_user" >/dev/null 2>&1; }

# Runs a long command with its output in a log that is shown only if it fails.
quiet() {
  local what=$1
  shift
  if ! "$@" >"$work/log" 2>&1 </dev/null; then
    tail -n 25 "$work/log" >&2
    fail "could not $what; the last lines of the output are above"
  fi
}

apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"; }

# Debian creates and starts a cluster of its own on port 5432 when the server package arrives. We want neither, but only this time.
install_without_a_cluster() {
  local configuration=/etc/postgresql-common/createcluster.conf
  quiet "install postgresql-common" apt_install postgresql-common
  if [ ! -d "/usr/lib/postgresql/$1/bin" ] && [ -f "$configuration" ]; then
    cp -p "$configuration" "$work/createcluster.conf"
    printf '\ncreate_main_cluster = false\n' >>"$configuration"
  fi
  quiet "install postgresql-$1" apt_install "postgresql-$1"
}

finish_prepare() {
  if [ -f "$work/createcluster.conf" ]; then cp -p "$work/createcluster.conf" /etc/postgresql-common/createcluster.conf; fi
  rm -rf "$work"
}

# Debian 12 has no pgvector. Debian 13's source package builds against Debian 12's server; it comes from the mirror that this
# machine's own package sources name, through a separate apt state, and apt checks the archive's signature.
build_pgvector() {
  local uri release=trixie keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  quiet "install the build tools" apt_install build-essential dpkg-dev debian-archive-keyring "postgresql-server-dev-$1"
  uri=$(apt-get indextargets --format '$(CREATED_BY)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(REPO_URI)' | awk -F'|' '$1 == "Packages" && $2 == "bookworm" && $3 == "main" && $4 == "Debian" { print $5; exit }')
  [ -n "$uri" ] || fail "the package sources in /etc/apt name no Debian archive with bookworm main, so pgvector's source has nowhere to come from. Add one, or install pgvector >= $minimum_pgvector for PostgreSQL $1 yourself."
  mkdir -p "$work/apt/lists/partial" "$work/source"
  printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$uri" "$release" "$keyring" >"$work/apt/pgvector.sources"
  chmod -R a+rX "$work/apt"
  local apt=(apt-get -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$work/apt" -o "Dir::State::Lists=$work/apt/lists"
    -o "Dir::Cache::PkgCache=" -o "Dir::Cache::SrcPkgCache=" -o "APT::Get::AllowUnauthenticated=false" -o "Acquire::AllowInsecureRepositories=false"
    -o "Acquire::Languages=none" -o "APT::Sandbox::User=root")
  quiet "read the list of Debian's source packages (a signature error: upgrade debian-archive-keyring)" "${apt[@]}" -o APT::Update::Error-Mode=any update
  cd "$work/source"
  quiet "fetch pgvector's source" "${apt[@]}" source pgvector
  cd pgvector-*/ || fail "pgvector's source package did not unpack into a folder pgvector-*"
  # Without OPTFLAGS the Makefile says -march=native; Debian's packages do not, and figures should be those of a package.
  quiet "compile pgvector" make OPTFLAGS= "PG_CONFIG=/usr/lib/postgresql/$1/bin/pg_config"
  quiet "install pgvector" make install OPTFLAGS= "PG_CONFIG=/usr/lib/postgresql/$1/bin/pg_config"
  cd /
}

# ---------------------------------------------------------------- the private server

choose_folder() {
  if [ -n "$own_folder" ]; then
    folder=$own_folder
  elif ! is_root || ! has_server_user || as_server test -x "$repository"; then
    folder=$repository/.native
  else
    # The checkout lies where only root may go (a home folder, say): the server's account could not reach its own data.
    folder=/var/tmp/vitrine-native-$(printf '%s' "$repository" | cksum | cut -d' ' -f1)
  fi
  data=$folder/data
  marker=$folder/.vitrine-native
}

# Reads port, passwords and socket folder of an existing server.
read_settings() {
  [ -r "$folder/settings" ] || return 1
  # Written by us with plain words only, readable by its owner only.
  . "$folder/settings"
}

write_settings() {
  (
    umask 077
    printf 'port=%s\npassword=%s\nsuperuser_password=%s\nsocket_folder=%s\n' "$port" "$password" "$superuser_password" "$socket_folder" >"$folder/settings.new"
  )
  mv "$folder/settings.new" "$folder/settings"
}

is_running() {
  [ -n "${server_bin:-}" ] && as_server "$server_bin/pg_ctl" status -D "$data" >/dev/null 2>&1 && ! is_zombie
}

# After kill -9 the server stays in the process table until its parent takes notice, which some containers' first process does
# late; pg_ctl and a new server take it for alive that long.
is_zombie() {
  local process
  process=$(as_server head -n 1 "$data/postmaster.pid" 2>/dev/null) && grep -q '^State:[[:space:]]*Z' "/proc/$process/status" 2>/dev/null
}

wait_for_zombie() {
  local second
  for second in $(seq 60); do
    is_zombie || return 0
    [ "$second" -gt 1 ] || say "the server was killed; waiting until the system has cleared it away"
    sleep 1
  done
  fail "the killed server is still in the process table as a zombie: its parent process does not collect it. In a container use an init process (docker run --init)."
}

random_word() { od -An -N18 -tx1 /dev/urandom | tr -d ' \n'; }

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below 32768, where Linux begins to hand out ports to outgoing connections.
free_port() {
  local candidate
  for _ in $(seq 50); do
    candidate=$((20000 + RANDOM % 12000))
    if port_is_free "$candidate"; then printf '%s\n' "$candidate"; return; fi
  done
  fail "found no free port between 20000 and 32000 in 50 attempts; give one with --port"
}

default_shared_buffers() {
  local kilobytes limit
  kilobytes=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo 2>/dev/null) && [ -n "$kilobytes" ] || kilobytes=524288
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [ "$limit" != max ] && [ $((limit / 1024)) -lt "$kilobytes" ]; then kilobytes=$((limit / 1024)); fi
  kilobytes=$((kilobytes / 4))
  [ "$kilobytes" -le 1048576 ] || kilobytes=1048576
  printf '%skB\n' "$kilobytes"
}

create_server() {
  say "creating a server in $folder ($("$server_bin/postgres" --version))"
  password=$(random_word)
  superuser_password=$(random_word)
  rm -rf "$data"
  if is_root; then install -d -m 700 -o "$server_user" "$data"; else install -d -m 700 "$data"; fi
  # The password goes in by a file of the account's own: in the arguments every user of the machine could read it.
  local password_file failed=no
  password_file=$(as_server mktemp /tmp/vitrine-pg-XXXXXX)
  printf '%s\n' "$superuser_password" | as_server tee "$password_file" >/dev/null
  as_server "$server_bin/initdb" -D "$data" -U postgres --pwfile="$password_file" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || failed=yes
  rm -f "$password_file"
  if [ "$failed" = yes ]; then
    tail -n 20 "$folder/initdb.log" >&2
    fail "initdb failed; the last lines of $folder/initdb.log are above"
  fi
  as_server sh -c 'printf "%s\n" "include_if_exists = '\''vitrine.conf'\''" >>"$1/postgresql.conf"' sh "$data"
  # From here on the server counts as made: without settings a folder is made anew.
  write_settings
}

write_configuration() {
  local shared_memory=posix
  # A parallel HNSW build wants maintenance_work_mem of dynamic shared memory; containers often have 64 MB in /dev/shm.
  if [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')" -lt 1048576 ] 2>/dev/null; then shared_memory=mmap; fi
  cat <<CONF | as_server sh -c 'cat >"$1/vitrine.conf"' sh "$data"
# Written by scripts/native-postgres.sh at every start.
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$socket_folder'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = $shared_buffers
dynamic_shared_memory_type = $shared_memory
maintenance_work_mem = 512MB
max_wal_size = 4GB
checkpoint_timeout = 15min
fsync = $fsync
synchronous_commit = $fsync
full_page_writes = $fsync
log_min_messages = warning
CONF
}

# As superuser, through the socket. The password travels in the environment of psql alone.
superuser_sql() {
  PGPASSWORD=$superuser_password PGCONNECT_TIMEOUT=10 "$server_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$socket_folder" -p "$port" -U postgres "$@"
}

# pgvector's control file does not say "trusted", so an ordinary role cannot create the extension: it goes into template1, and
# every database made from that has it already. CREATE EXTENSION IF NOT EXISTS then passes for any role.
create_role_and_database() {
  superuser_sql -d template1 -c 'CREATE EXTENSION IF NOT EXISTS vector' 2>/dev/null || fail "could not create the extension vector in template1; see $folder/server.log"
  superuser_sql -d postgres <<SQL || fail "could not create the role and database vitrine; the error is above"
SET log_statement = 'none';
SELECT 'CREATE ROLE vitrine' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vitrine') \gexec
ALTER ROLE vitrine LOGIN CREATEDB CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD '$password';
SELECT 'CREATE DATABASE vitrine OWNER vitrine' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'vitrine') \gexec
SQL
}

start_postgres() {
  as_server "$server_bin/pg_ctl" start -D "$data" -l "$data/server.log" -w -t 60 -s >/dev/null 2>&1
}

start() {
  require_server
  if is_root && ! has_server_user; then fail "there is no account \"$server_user\" to run the server. Run: scripts/native-postgres.sh prepare (or name one in VITRINE_NATIVE_USER)"; fi
  choose_folder
  if [ -e "$folder" ] && [ ! -f "$marker" ] && [ -n "$(ls -A "$folder")" ]; then fail "$folder exists and is not ours (no .vitrine-native in it). Set VITRINE_NATIVE_FOLDER to another folder."; fi
  mkdir -p "$folder"
  touch "$marker"
  if is_root && ! as_server test -x "$folder"; then fail "the account $server_user may not enter $folder. Set VITRINE_NATIVE_FOLDER to a folder it can reach, for example /var/tmp/vitrine-native."; fi
  exec 9>"$folder/lock"
  flock -w 120 9 || fail "another native-postgres.sh has held $folder/lock for two minutes. Wait for it, or end it."
  port=
  socket_folder=
  if read_settings && as_server test -f "$data/PG_VERSION"; then
    local made_by=$(as_server cat "$data/PG_VERSION")
    [ -x "/usr/lib/postgresql/$made_by/bin/postgres" ] || fail "the data in $folder was made by PostgreSQL $made_by, which is gone. Run: scripts/native-postgres.sh destroy, then start"
    server_bin=/usr/lib/postgresql/$made_by/bin
    if is_running; then say "runs already on port $port (options apply after stop and start)"; print_url; return; fi
    wait_for_zombie
  else
    create_server
  fi
  # A Unix socket's path may have 107 bytes at most, so it does not live in the folder.
  if [ -z "$socket_folder" ] || [ ! -d "$socket_folder" ]; then socket_folder=$(as_server mktemp -d /tmp/vitrine-pg-XXXXXX); write_settings; fi
  [ -n "$shared_buffers" ] || shared_buffers=$(default_shared_buffers)
  local fixed=${wanted_port:+yes} attempt
  port=${wanted_port:-$port}
  for attempt in 1 2 3 4 5; do
    if [ -n "$port" ] && ! port_is_free "$port"; then
      [ -z "$fixed" ] || fail "port $port on 127.0.0.1 is taken; leave --port out to get a free one"
      port=
    fi
    [ -n "$port" ] || port=$(free_port)
    write_settings
    write_configuration
    if start_postgres 9>&-; then break; fi
    # Somebody may have taken the port between our look and the server's.
    if [ -z "$fixed" ] && [ "$attempt" -lt 5 ] && ! port_is_free "$port"; then continue; fi
    as_server tail -n 15 "$data/server.log" >&2 || true
    fail "the server did not start; the last lines of $data/server.log are above"
  done
  create_role_and_database
  say "runs on 127.0.0.1:$port, fsync $fsync, shared_buffers $shared_buffers, socket in $socket_folder"
  print_url
}

print_url() {
  local role=vitrine word=$password database=vitrine
  if [ "$as_superuser" = yes ]; then role=postgres word=$superuser_password database=postgres; fi
  if [ "$by_socket" = yes ]; then
    printf 'DATABASE_URL=postgresql://%s:%s@localhost/%s?host=%s&port=%s\n' "$role" "$word" "$database" "$socket_folder" "$port"
  else
    printf 'DATABASE_URL=postgresql://%s:%s@127.0.0.1:%s/%s\n' "$role" "$word" "$port" "$database"
  fi
}

# Finds the server that the folder belongs to; fails if there is none.
find_existing() {
  choose_folder
  read_settings || return 1
  server_bin=/usr/lib/postgresql/$(as_server cat "$data/PG_VERSION" 2>/dev/null || echo none)/bin
  [ -x "$server_bin/pg_ctl" ]
}

stop() {
  if ! find_existing || ! is_running; then say "does not run"; return; fi
  as_server "$server_bin/pg_ctl" stop -D "$data" -m fast -w -t 60 -s || fail "the server did not stop within 60 seconds; see $data/server.log"
  say "stopped"
}

crash() {
  find_existing && is_running || fail "no server runs in $folder"
  as_server "$server_bin/pg_ctl" restart -D "$data" -l "$data/server.log" -m immediate -w -t 60 -s >/dev/null || fail "the server did not come back; see $data/server.log"
  say "crashed and runs again"
}

status() {
  if ! find_existing; then say "no server in $folder. Run: scripts/native-postgres.sh start"; exit 3; fi
  if ! is_running; then say "the server in $folder does not run. Run: scripts/native-postgres.sh start"; exit 3; fi
  say "$("$server_bin/postgres" --version) runs on 127.0.0.1:$port, folder $folder, socket in $socket_folder"
}

url() {
  status
  print_url
}

destroy() {
  choose_folder
  [ -e "$folder" ] || { say "nothing to destroy: there is no $folder"; return; }
  [ -f "$marker" ] || fail "$folder has no .vitrine-native in it, so it is not ours to delete"
  stop
  # Only a folder of our own making: the name comes from a file.
  case ${socket_folder:-} in /tmp/vitrine-pg-??????) rm -rf "$socket_folder" ;; esac
  rm -rf "$folder"
  say "deleted $folder"
}

# ---------------------------------------------------------------- the command line

command=${1:-}
[ $# -eq 0 ] || shift
while [ $# -gt 0 ]; do
  case $1 in
    --fsync) case ${2:-} in on | off) fsync=$2 ;; *) fail "--fsync takes on or off" ;; esac; shift 2 ;;
    --shared-buffers) [[ ${2:-} =~ ^[0-9]+(kB|MB|GB)$ ]] || fail "--shared-buffers takes a number with kB, MB or GB, for example 512MB"; shared_buffers=$2; shift 2 ;;
    --port) [[ ${2:-} =~ ^[0-9]{4,5}$ ]] && [ "$2" -ge 1024 ] && [ "$2" -le 65535 ] || fail "--port takes a number from 1024 to 65535"; wanted_port=$2; shift 2 ;;
    --superuser) as_superuser=yes; shift ;;
    --socket) by_socket=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown option $1; see scripts/native-postgres.sh --help" ;;
  esac
done
case $command in
  prepare | start | stop | crash | status | url | destroy) "$command" ;;
  -h | --help | help) usage ;;
  '') usage >&2; exit 2 ;;
  *) fail "unknown command $command; see scripts/native-postgres.sh --help" ;;
esac
