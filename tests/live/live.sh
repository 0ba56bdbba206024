# shellcheck shell=bash
# ./dev live: our program beside other implementations, which npm brings.

# Where these go, and the scripts that import them: node looks for packages beside a script.
LIVE_FOLDER=build/live

help_live() {
  cat <<'HELP'
./dev live [NAME...]

Builds the program, and lets it meet other implementations of its protocols, as processes on loopback: those of
tests/live/package.json, which npm brings. Where there is no node, or npm cannot fetch them, the tests are skipped, and
counted as such.

  NAME   a regular expression: the tests with matching names
HELP
}

cmd_live() {
  local each selected=()
  for each in "$@"; do
    [[ -n $each && $each != -* ]] || unknown "$each"
  done
  [ "$#" -eq 0 ] || selected=(-R "$(joined "$@")")
  build default peerage
  if ! run fetch_live; then
    rm -rf "$LIVE_FOLDER"
    say "there are no other implementations: the tests are skipped"
  fi
  test_tree -C Live -L '^live$' "${selected[@]}"
}

fetch_live() {
  need_node && command -v node >/dev/null && command -v npm >/dev/null || return 1
  mkdir -p "$LIVE_FOLDER" && cp tests/live/{*.mjs,package.json,.npmrc} "$LIVE_FOLDER" || return 1
  ! cmp -s tests/live/package-lock.json "$LIVE_FOLDER/fetched.json" || return 0
  say "fetching other implementations"
  rm -f "$LIVE_FOLDER/fetched.json"
  cp tests/live/package-lock.json "$LIVE_FOLDER" || return 1
  if ! (cd "$LIVE_FOLDER" && npm ci --no-progress >npm.log 2>&1); then
    { grep -m 3 -i '^npm err' "$LIVE_FOLDER/npm.log" || tail -n 6 "$LIVE_FOLDER/npm.log"; } >&2
    return 1
  fi
  mv "$LIVE_FOLDER/package-lock.json" "$LIVE_FOLDER/fetched.json"
}
