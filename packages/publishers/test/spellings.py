"""Reads a JSON list of secrets from stdin and writes the spellings of each: {secret: {how: spelling}}."""
import base64
import html
import json
import re
import sys
import urllib.parse


def escaped(text, times, ascii_only):
    for _ in range(times):
        text = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    return text


def spellings(secret):
    data = secret.encode()
    basic = f"user:{secret}".encode()
    quoted = urllib.parse.quote(secret, safe="")
    return {
        "as it is": secret,
        "JSON": escaped(secret, 1, False),
        "JSON, ASCII": escaped(secret, 1, True),
        "JSON, twice": escaped(secret, 2, False),
        "JSON, ASCII, twice": escaped(secret, 2, True),
        "JSON, three times": escaped(secret, 3, True),
        "URL": quoted,
        "URL, path": urllib.parse.quote(secret),
        "URL, lower case": re.sub("%..", lambda found: found[0].lower(), quoted),
        "URL, twice": urllib.parse.quote(quoted, safe=""),
        "form": urllib.parse.quote_plus(secret),
        "URL in JSON": escaped(quoted, 1, True),
        "JSON in URL": urllib.parse.quote(escaped(secret, 1, True), safe=""),
        "HTML": html.escape(secret),
        "base64": base64.b64encode(data).decode(),
        "base64, URL alphabet": base64.urlsafe_b64encode(data).decode(),
        "base64, URL alphabet without padding": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "base64, lines": base64.encodebytes(data).decode(),
        "base64 in URL": urllib.parse.quote(base64.b64encode(data).decode(), safe=""),
        "basic": base64.b64encode(basic).decode(),
        "basic, URL alphabet": base64.urlsafe_b64encode(basic).decode(),
        "basic, decoded": basic.decode(),
    }


json.dump({secret: spellings(secret) for secret in json.load(sys.stdin)}, sys.stdout)
