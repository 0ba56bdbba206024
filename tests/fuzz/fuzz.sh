# shellcheck shell=bash
# ./dev fuzz: each target, and the twin of it in which a bug was planted.

# As chance has it, a search takes 1 s or 10; nothing waits for its end once the bug is found.
PLANTED_SECONDS=90

help_fuzz() {
  cat <<HELP
./dev fuzz [--seconds N] [--runs N] [TARGET...]

Runs fuzz targets, all or those that are named, as many at once as there are cores; and of each the twin in which a
bug was planted, which it must find in $PLANTED_SECONDS s. Nothing of a run is kept but the input of a bug.

  --seconds N   for each target; default: 25
  --runs N      executions of each target, instead of a time

Targets: $(fuzz_targets | paste -s -d ' ')
HELP
}

fuzz_targets() { basename -a -s _fuzz.cpp tests/fuzz/*_fuzz.cpp; }

cmd_fuzz() {
  local known targets=() limit=(-max_total_time=25)
  mapfile -t known < <(fuzz_targets)
  while [ "$#" -gt 0 ]; do
    case "$1" in
      --seconds) whole_number "$1" "${2-}" 1 999999; limit=(-max_total_time="$2"); shift 2 ;;
      --runs) whole_number "$1" "${2-}" 1 999999999; limit=(-runs="$2"); shift 2 ;;
      *)
        [[ $1 != *" "* && " ${known[*]} " == *" $1 "* ]] || unknown "$1"
        targets+=("$1")
        shift
        ;;
    esac
  done
  [ "${#targets[@]}" -gt 0 ] || targets=("${known[@]}")
  build asan peerage_fuzz
  fuzz_folder=$(mktemp -d)
  trap clean_fuzz_folder EXIT
  run fuzz_all
}

# As many side by side as there are cores; a row for each, in order.
fuzz_all() {
  local begun=0 shown=0 running=0 failed=0 cores
  trap 'exit 130' INT TERM
  cores=$(nproc)
  printf '%-20s %12s %10s  %s\n' target executions exec/s 'planted bug'
  while [ "$running" -gt 0 ] || [ "$begun" -lt "${#targets[@]}" ]; do
    while [ "$running" -lt "$cores" ] && [ "$begun" -lt "${#targets[@]}" ]; do
      in_background fuzz_one "${targets[begun]}" "$fuzz_folder/$begun"
      running=$((running + 1)) begun=$((begun + 1))
    done
    wait -n || failed=1
    running=$((running - 1))
    while show_fuzz_row "$fuzz_folder/$shown"; do shown=$((shown + 1)); done
  done
  return "$failed"
}
show_fuzz_row() { # a target's folder
  [ -e "$1/row" ] || return 1
  [ ! -e "$1/found/log" ] || tail -n 40 "$1/found/log" >&2
  cat "$1/row"
}

fuzz_one() { # target, a folder for it
  local target=$1 work=$2 start code=0 what planted="NOT FOUND"
  mkdir -p "$work"/{corpus,found,planted}
  trap 'exit 130' INT TERM # that it was broken off is no bug of the target
  exec 2>"$work/shell.log" # where bash says that a target crashed
  local corpora=("$work/corpus") options=(-rss_limit_mb=512 -timeout=5 -print_final_stats=1)
  [ ! -d "tests/fuzz/corpus/${target}_fuzz" ] || corpora+=("tests/fuzz/corpus/${target}_fuzz")
  "${tree:?}/${target}_fuzz" "${options[@]}" "${limit[@]}" -artifact_prefix="$work/found/" "${corpora[@]}" \
    >"$work/log" 2>&1 || code=$?
  # The target may get the signal before this shell does: 72 is how libFuzzer says so.
  [ "$code" -ne 72 ] || exit 130
  if [ "$code" -ne 0 ]; then
    what="FOUND A BUG; input in $work/found"
    ! is_empty "$work/found" || what="FAILED WITHOUT AN INPUT; log in $work/found"
    mv "$work/log" "$work/found"
    fuzz_row "$target" "$what"
    return 1
  fi
  # A fuzz target that cannot find a bug put there on purpose would find no other either. That it failed is not
  # enough: perhaps it could not even begin.
  start=$SECONDS
  "$tree/${target}_fuzz_planted" "${options[@]}" -max_total_time="$PLANTED_SECONDS" \
    -artifact_prefix="$work/planted/" "${corpora[@]}" >"$work/planted.log" 2>&1 || true
  if is_empty "$work/planted"; then code=1; else planted="found in $((SECONDS - start)) s"; fi
  fuzz_row "$target" "$(printf '%12s %10s  %s' "$(fuzz_figure number_of_executed_units)" \
    "$(fuzz_figure average_exec_per_sec)" "$planted")"
  return "$code"
}
fuzz_figure() { sed -n "s/^stat::$1: *//p" "$work/log"; }
fuzz_row() { # target, text; there at once or not at all
  printf '%-20s %s\n' "$1" "$2" >"$work/row.new"
  mv "$work/row.new" "$work/row"
}
is_empty() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }

clean_fuzz_folder() {
  local work
  for work in "${fuzz_folder:?}"/*; do
    if is_empty "$work/found"; then rm -rf "$work"; fi
  done
  rmdir "$fuzz_folder" 2>/dev/null || true
}
