"""Asks as a browser does."""

import http.client
import sys

http.client.HTTPConnection(sys.argv[1], int(sys.argv[2])).request("GET", "/")
sys.stdin.read()
