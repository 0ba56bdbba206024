# shellcheck shell=bash
# ./dev campaign: runs that take too long for each change.

# name | about how long on two cores | what it shows | the command
CAMPAIGNS='soak|2 min|twenty networks come through a day of failing links, hosts, clocks, names and disks|build/peerage-sim soak --hours 24 --seeds 20 --jobs 2
soak-week|15 min|200 nodes come through a week of it, without growing|build/peerage-sim soak --nodes 200 --hours 168
cold-start|20 s|1 000 nodes that begin at once find one another|build/peerage-sim cold-start --nodes 1000 --hours 0.1
cold-start-10000|9 min|so do 10 000, in 8 GB, and they stay together|build/peerage-sim cold-start --nodes 10000 --hours 1
churn|1 min|a network stays whole while a tenth leaves, comes and restarts in an hour|build/peerage-sim churn --nodes 1000 --hours 3
partition|3 min|two halves that were cut off for six hours are soon one network again|build/peerage-sim partition --nodes 1000 --hours 8
flash-crowd|1 min|one small seed serves 900 newcomers at once|build/peerage-sim flash-crowd --nodes 1000
eclipse|hours|how much of a node an attacker gains, ours and a Go node: the tables of spec/eclipse.md|build/peerage-sim eclipse --policy ours,go --age 1d --trials 200
discovery|2 min|200 discovery servers with one boot node find one another over links that lose a fifth|build/peerage-sim discovery steady
discovery-2000|10 min|so do 2 000|build/peerage-sim discovery steady --nodes 2000
discovery-partition|3 min|two halves that were cut off for an hour are one network of discovery again|build/peerage-sim discovery partition
discovery-restart|2 min|half of the servers restart at once, and the boot node is gone|build/peerage-sim discovery restart
discovery-move|2 min|a node that has another address is found there|build/peerage-sim discovery move
discovery-nat|3 min|open nodes find one another among nodes behind NATs|build/peerage-sim discovery nat
discovery-cold-start|1 min|a newcomer has sixteen candidates within seconds|build/peerage-sim discovery cold-start
discovery-eclipse|hours|how much of a table an attacker gains with many IDs: the table of spec/eclipse.md|build/peerage-sim discovery eclipse --ablations
drain|2 min|a node that runs for a month keeps its outbound set full, through outages, and when its seeds die|build/peerage-sim drain --trials 3
drain-one-seed|2 min|so does one whose only seed vanishes on the second day|build/peerage-sim drain --one-seed --trials 3
slots|15 min|what an attacker needs to keep newcomers out of a full node: the table of spec/switch.md|build/peerage-sim slots --hours 24
seed-load|2 min|a running seed answers 1 000 clients a second|PEERAGE_LOAD_SLOTS=500 PEERAGE_LOAD_RATE=1000 PEERAGE_LOAD_SECONDS=60 python3 tests/integration/seed_load_test.py build
http-load|3 min|10 000 requests a second and 5 000 slow clients of HTTP do not delay the peers of a seed|PEERAGE_LOAD_HTTP=10000 PEERAGE_LOAD_SLOW=5000 PEERAGE_LOAD_SECONDS=15 PEERAGE_LOAD_TURNS=5 python3 tests/integration/http_load_test.py build
seed-kill|5 min|a running seed that is killed 200 times loses nothing|PEERAGE_KILLS=200 python3 tests/integration/seed_kill_test.py build
tests|10 min|every unit test that repeats something repeats it as often as the specification says|PEERAGE_TEST_EFFORT=whole ./dev test unit_addrbook unit_p2p unit_pex unit_conn
fuzz|90 min|ten minutes of each fuzz target find nothing|./dev fuzz --seconds 600'

help_campaign() {
  local name time about line
  cat <<'HELP'
./dev campaign NAME [OPTION...]

Runs what takes too long to be run for each change. An OPTION goes to the command, and overrides its own.

HELP
  while IFS='|' read -r name time about line; do
    printf '  %-17s %-7s %s\n  %-25s   %s\n' "$name" "$time" "$about" "" "$line"
  done <<<"$CAMPAIGNS"
}

cmd_campaign() {
  [ "$#" -gt 0 ] || { help_campaign; return; }
  local line word words extra=("${@:2}") settings=() command_line=() overruled=""
  line=$(awk -F'|' -v name="$1" '$1 == name { print $4 }' <<<"$CAMPAIGNS")
  [ -n "$line" ] || unknown "$1"
  read -r -a words <<<"$line"
  for word in "${words[@]}"; do
    if [ -n "$overruled" ]; then
      overruled="" # its value
    elif [[ $word == [A-Z]*=* ]]; then
      settings+=("$(setting "${word%%=*}" "${word#*=}")")
    elif [[ $word == --* ]] && is_given "$word" "${extra[@]}"; then
      overruled=$word
    else
      command_line+=("$word")
    fi
  done
  command_line+=("${extra[@]}")
  case "${command_line[0]}" in
    ./dev) exec env "${settings[@]}" "${command_line[@]}" ;;
    build/peerage-sim) build default peerage-sim ;;
    *) build default peerage_tests ;;
  esac
  say "${settings[*]}${settings[*]:+ }${command_line[*]}"
  run env "${settings[@]}" "${command_line[@]}"
}

# A variable of the environment overrides the setting.
setting() { printf '%s=%s\n' "$1" "${!1-$2}"; } # name, value
is_given() { # option, arguments...
  local each
  for each in "${@:2}"; do
    [ "${each%%=*}" != "$1" ] || return 0
  done
  return 1
}
