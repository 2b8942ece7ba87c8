#!/bin/sh
# A terminal, played with curl and nothing of the gateway's own code.
#
# usage: terminal.sh URL USER:PASSWORD ACCOUNT TXN...
#
# It checks the wallet, then pays 10.00 som under each TXN, three times each: as GET, as POST, and
# backwards through the list. It prints "check RESULT NAME" and a line "TXN RESULT PRV_TXN" for each
# answer.
set -eu

url=$1 user=$2 account=$3
shift 3

# field prints the text of an element of the answer.
field() { printf '%s' "$2" | tr -d '\n' | sed -n "s|.*<$1[^>]*>\\([^<]*\\)</.*|\\1|p"; }

ask() { curl -sS --max-time 60 -u "$user" "$@"; }

pay() { # TXN, and options of curl
	txn=$1
	shift
	answer=$(ask "$@" \
		--data-urlencode command=pay --data-urlencode "txn_id=$txn" \
		--data-urlencode txn_date=20261121140500 --data-urlencode "account=$account" \
		--data-urlencode sum=10.00 "$url")
	echo "$txn $(field result "$answer") $(field prv_txn "$answer")"
}

answer=$(ask -G --data-urlencode command=check --data-urlencode txn_id=1 \
	--data-urlencode "account=$account" --data-urlencode sum=10.00 "$url")
echo "check $(field result "$answer") $(field field1 "$answer")"

backwards=""
for txn in "$@"; do
	backwards="$txn $backwards"
	pay "$txn" -G
done
for txn in "$@"; do pay "$txn"; done
for txn in $backwards; do pay "$txn" -G; done
