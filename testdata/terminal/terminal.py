#!/usr/bin/env python3
"""A network of terminals that has a bad line, played with nothing of the gateway's own code.

usage: terminal.py HOST PORT USER PASSWORD ACCOUNT TXN...

For each TXN it pays TXN%50+1 som and 10 tyiyn to ACCOUNT, and sends the same pay six times over, in
an order of its own: three requests that it waits for, and three whose connection it breaks off: in
the middle of the request, right after it, and in the middle of the answer. All TXN are mixed, eight
requests at once. Then it asks for all of them once more. It prints a line

    TXN RESULT PRV_TXN SUM

for each answer that it has got, and ends with 1 when it got none for a request that it waited for.
"""

import base64
import concurrent.futures
import random
import socket
import sys
import xml.etree.ElementTree


def request(host, user, password, account, txn):
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    amount = f"{int(txn) % 50 + 1}.10"
    query = (
        f"command=pay&txn_id={txn}&txn_date=20261121140500&account={account}&sum={amount}"
        "&prv_id=17&pay_type=1&trm_id=4151200"
    )
    return (
        f"GET /osmp?{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()


def send(address, octets, how):
    """Sends a request. Returns the answer, or None when the connection was broken off."""
    with socket.create_connection(address, timeout=60) as line:
        if how == "broken request":
            line.sendall(octets[: len(octets) // 2])
            return None
        line.sendall(octets)
        if how == "gone":
            # A reset instead of an orderly end.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return None
        if how == "broken answer":
            line.recv(10)
            return None
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
        return answer


def read(answer):
    """Reads an answer of HTTP/1.1 that is not chunked."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ")[1]
    if status != b"200":
        raise ValueError(f"status {status.decode()}")
    tree = xml.etree.ElementTree.fromstring(body)
    return [tree.findtext(name, "-") for name in ("osmp_txn_id", "result", "prv_txn", "sum")]


def main():
    host, port, user, password, account = sys.argv[1:6]
    txns = sys.argv[6:]
    rng = random.Random(4)
    ways = ["wait", "wait", "wait", "broken request", "gone", "broken answer"]
    orders = [(txn, how) for txn in txns for how in ways]
    rng.shuffle(orders)

    def order(one):
        txn, how = one
        answer = send((host, int(port)), request(host, user, password, account, txn), how)
        return how, read(answer) if answer is not None else None

    bad = False
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(order, orders))
    for one in sorted(set(txns)):
        answers.append(order((one, "wait")))
    for how, fields in answers:
        if fields is not None:
            print(*fields)
        elif how == "wait":
            bad = True
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
