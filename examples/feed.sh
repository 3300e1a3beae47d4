#!/bin/sh
# Who has solved how many clues of a hunt: counted from the feed with kcat alone, each time anew.
#   examples/feed.sh HOST:PORT [HUNT] [TOPIC]
# A record's key is SHARD:SEQ and never comes twice to a reader of committed records, which kcat is unless told otherwise.
set -eu
broker=${1:?"usage: feed.sh HOST:PORT [HUNT] [TOPIC]"}
hunt=${2:-museum}
topic=${3:-huntserver.feed}

kcat -C -q -e -b "$broker" -t "$topic" -o beginning -X isolation.level=read_committed -f '%k %s\n' |
	grep -F "\"kind\":\"hunt\",\"id\":\"$hunt\"" |
	grep -o '"type":"solved","team":"[^"]*"' |
	cut -d'"' -f8 |
	sort | uniq -c | sort -rn |
	while read -r solves team; do
		echo "$team has solved $solves"
	done
