#!/usr/bin/env python3
"""Makes tests/golden/signatures/*.json again: signatures as the vendors' own SDKs make and judge them.

python3 -m venv VENV && VENV/bin/pip install twilio==9.13.0 plivo==4.63.0 vonage-jwt==1.1.5 PyJWT==2.15.1 \\
    && VENV/bin/python scripts/signature_vectors.py

Every secret here is made up. Each vendor's file is a list of cases; `valid` is what a server must say. It is
the SDK's own judgement, and the script stops if the two differ; the few cases where a WebSocket needs another
answer than the SDK has for web pages say so in `about`.

No file for Telnyx: its SDK verifies web hooks only (Ed25519 over `timestamp|body`, headers
telnyx-signature-ed25519 and telnyx-timestamp). The upgrade of a media stream has no such signature, but the
token that the application chose itself, in the header x-telnyx-streaming-auth-token.
"""

import json
import pathlib
import warnings

import jwt
import plivo.utils.signature_v3 as plivo_v3
from twilio.request_validator import RequestValidator, get_signature_algorithm
from vonage_jwt import VonageVerifyJwtError, verify_signature

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "signatures"

# Twilio
# ------
# Header X-Twilio-Signature: base64 (standard alphabet, with padding) of an HMAC over the URL, byte for byte as it
# stands in the TwiML: scheme, host, port if written, path and query, nothing decoded, nothing put in order. The key is
# the account's auth token in UTF-8. (Web hooks append the sorted POST parameters; an upgrade has none.)
# Header X-Twilio-Webhooks-Signature-Settings: `key=<id>,algorithm=<name>`. It is cut at commas, each part at its first
# `=`, blanks around both are dropped; the first `algorithm` that has a value counts, in any case. HMAC_SHA1 is the
# default, HMAC_SHA256 the other one; any other name fails. The HMAC's input and the base64 stay as they are. With
# HMAC_SHA256, the key is the secret of the shared key named by `key`, instead of the auth token: the SDK takes the
# secret from the application and never looks at `key`, so choosing a secret by it is the application's work.
# Either the URL with its port or the one without may have been signed: the SDK tries both. It only knows 443 for https
# and takes 80 for all else, wss included. For wss that is wrong, so the cases here have 443.

TWILIO_TOKEN = "12345678901234567890123456789012"
SHARED_SECRET = "shared-key-secret-0123456789abcdef"
SHA256 = "key=webhooks_sharedkey_01,algorithm=HMAC_SHA256"


def twilio():
    url = "wss://voice.example.com/twilio"
    cases = []

    def case(about, url=url, signed=None, token=TWILIO_TOKEN, signer=None, settings=None, header=None, valid=True,
             sdk=None):
        algorithm = get_signature_algorithm(settings)
        if header is None:
            known = algorithm.upper() in ("HMAC_SHA1", "HMAC_SHA256")
            maker = RequestValidator(signer or token)
            header = maker.compute_signature(signed or url, {}, algorithm if known else None)
        said = RequestValidator(token).validate(url, {}, header, algorithm)
        assert said == (valid if sdk is None else sdk), about
        cases.append({"about": about, "auth_token": token, "url": url, "header": header, "settings": settings,
                      "valid": valid})
        return header

    good = case("a plain address")
    case("the port is written and was signed", url="wss://voice.example.com:443/twilio")
    case("the port is written, but was not signed", url="wss://voice.example.com:443/twilio", signed=url)
    case("the port was signed, but is not written; the SDK has 443 for https only", sdk=False,
         signed="wss://voice.example.com:443/twilio")
    case("another port than the usual one", url="wss://voice.example.com:8443/twilio")
    case("another port, which was not signed", url="wss://voice.example.com:8443/twilio", signed=url)
    case("a token in the path", url="wss://voice.example.com/twilio/4f2c9a7e1b")
    case("a query, in the order in which it is written", url="wss://voice.example.com/twilio?b=2&a=1&a=0")
    case("a query with escapes, which stay", url="wss://voice.example.com/twilio?name=J%C3%BCrgen%20M&plus=a+b")
    case("a path of other letters, in escapes", url="wss://voice.example.com/anr%C3%BCfe/%E9%9B%BB%E8%A9%B1")
    case("no path", url="wss://voice.example.com")
    case("a slash at the end", url="wss://voice.example.com/twilio/")
    case("a token with letters beyond ASCII", token="schlüssel-☎-0123456789")
    case("SHA-256 with a shared key", token=SHARED_SECRET, settings=SHA256)
    case("SHA-256, settings in another order, with blanks, in small letters", token=SHARED_SECRET,
         settings=" algorithm = hmac_sha256 , key=webhooks_sharedkey_01")
    case("SHA-1, named", settings="key=webhooks_sharedkey_01,algorithm=HMAC_SHA1")
    case("settings without an algorithm are SHA-1", settings="key=webhooks_sharedkey_01")
    case("empty settings are SHA-1", settings="")

    case("another token", signer="another-token-of-another-account", valid=False)
    case("another address", signed="wss://voice.example.com/telnyx", valid=False)
    case("another host", signed="wss://evil.example.com/twilio", valid=False)
    case("another scheme", signed="https://voice.example.com/twilio", valid=False)
    case("a slash more than was signed", url="wss://voice.example.com/twilio/", signed=url, valid=False)
    case("a query that was not signed", url=f"{url}?admin=1", signed=url, valid=False)
    case("other escapes than were signed", url="wss://voice.example.com/anr%c3%bcfe",
         signed="wss://voice.example.com/anr%C3%BCfe", valid=False)
    case("the signature is cut short", header=good[:-5], valid=False)
    case("the signature lacks its padding", header=good.rstrip("="), valid=False)
    case("the signature has something behind it", header=good + "A", valid=False)
    case("the signature is in small letters", header=good.lower(), valid=False)
    case("the signature is empty", header="", valid=False)
    case("no base64 at all", header="hello, world", valid=False)
    case("SHA-1, but the settings say SHA-256", header=good, settings=SHA256, valid=False)
    case("SHA-256, but no settings say so", valid=False,
         header=RequestValidator(TWILIO_TOKEN).compute_signature(url, {}, "HMAC_SHA256"))
    case("SHA-256 with the secret of another key", token=SHARED_SECRET, signer="secret-of-another-key",
         settings=SHA256, valid=False)
    case("an algorithm that nobody knows", settings="key=webhooks_sharedkey_01,algorithm=HMAC_SHA512", valid=False)
    case("no algorithm at all", settings="key=webhooks_sharedkey_01,algorithm=none", valid=False)
    return cases


# Plivo
# -----
# Headers X-Plivo-Signature-V3 (several signatures may stand in it, with commas and no blanks between them: one that
# fits is enough) and X-Plivo-Signature-V3-Nonce. A signature is base64 (standard alphabet, with padding) of
# HMAC-SHA256 with the auth token, in UTF-8, over BASE "." NONCE. For GET, and an upgrade is a GET:
#   BASE = scheme://host[:port]path                     without a query (no "?" then, and an empty path stays empty)
#   BASE = scheme://host[:port]path "?" name=value&...  with one
# In the query, names and values are decoded (%XX and "+"), not encoded again, and put in order: by name, and the values
# of one name by themselves. Names without a value stay, as `name=`. The path stays as it is written; what stands behind
# "#", and behind ";" in the path's last part, is dropped. For POST a "." and the parameters follow, each name and value
# without anything between.
# The SDK decodes the bytes of a query as Latin-1, so that what it signs for letters beyond ASCII is not what was meant:
# no case here has any. Its outer function takes http and https only and refuses wss; what it calls within has no such
# limit, and is what is called here. No other port is tried than the one in the URL.

PLIVO_TOKEN = "MmQ1Y2Y0ZTItN2I1ZC00YmJhLWI5ZTctZjU"
NONCE = "20634138284957294753"


def plivo():
    cases = []

    def sign(uri, nonce=NONCE, token=PLIVO_TOKEN):
        base = plivo_v3.construct_get_url(uri, {}).decode()
        return plivo_v3.get_signature_v3(token.encode(), base, nonce.encode()).decode()

    def case(about, uri="wss://voice.example.com/plivo", nonce=NONCE, header=None, valid=True):
        header = sign(uri) if header is None else header
        judge = plivo_v3.validate_v3_signature.__wrapped__
        assert judge("GET", uri, nonce, PLIVO_TOKEN, header, {}) == valid, about
        cases.append({"about": about, "auth_token": PLIVO_TOKEN, "method": "GET", "uri": uri, "nonce": nonce,
                      "params": {}, "header": header, "valid": valid})
        return header

    good = case("a plain address")
    case("a port", uri="wss://voice.example.com:443/plivo")
    case("a token in the path", uri="wss://voice.example.com/plivo/4f2c9a7e1b")
    case("a path with escapes, which stay", uri="wss://voice.example.com/anr%C3%BCfe")
    case("no path", uri="wss://voice.example.com")
    case("a query of one", uri="wss://voice.example.com/plivo?token=4f2c9a7e1b")
    case("a query is put in order", uri="wss://voice.example.com/plivo?b=2&a=1&C=3")
    case("the values of one name are put in order", uri="wss://voice.example.com/plivo?a=2&b=0&a=10&a=1")
    case("a query is decoded", uri="wss://voice.example.com/plivo?from=%2B15550100&name=Jane+Doe%20Jr&e=a%26b%3Dc")
    case("a name without a value stays", uri="wss://voice.example.com/plivo?flag=&token=x")
    case("an empty query is none", uri="wss://voice.example.com/plivo?")
    case("several signatures, one of which fits", header=f"{sign('wss://voice.example.com/plivo', token='old')},{good}")
    case("several signatures, the first of which fits", header=f"{good},AAAA")

    case("another nonce", nonce="20634138284957294754", header=good, valid=False)
    case("an empty nonce", nonce="", header=good, valid=False)
    case("another token", header=sign("wss://voice.example.com/plivo", token="another"), valid=False)
    case("another address", header=sign("wss://voice.example.com/twilio"), valid=False)
    case("a query that was not signed", uri="wss://voice.example.com/plivo?admin=1", header=good, valid=False)
    case("a port that was not signed", uri="wss://voice.example.com:443/plivo", header=good, valid=False)
    case("another scheme", header=sign("https://voice.example.com/plivo"), valid=False)
    case("the signature is cut short", header=good[:-5], valid=False)
    case("the signature is empty", header="", valid=False)
    case("nothing between two commas", header=",,", valid=False)
    case("several signatures, none of which fits", header="AAAA," + sign("wss://voice.example.com/x"), valid=False)
    return cases


# Vonage
# ------
# Header `Authorization: Bearer <token>`: a JSON Web Token in the compact form (RFC 7515), three parts of base64url
# without padding; HMAC-SHA256 with the account's signature secret, in UTF-8, over `header.payload` as they were sent.
# The SDK takes the algorithm HS256 and no other ("none", HS512 and RS256 are refused). Claims of Vonage's tokens: iat
# (seconds since 1970), jti (differs in each), iss ("Vonage"), api_key, application_id, and payload_hash (SHA-256 of a
# body, in hex) where there is a body, so not here. They have no exp: how old an iat may be is the server's to say, and
# these cases do not judge it. The SDK refuses an iat that lies ahead of its clock, and an exp behind it.

VONAGE_SECRET = "0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcDeFgHi"
CLAIMS = {"iat": 1700000000, "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5", "iss": "Vonage", "api_key": "a1b2c3d4",
          "application_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"}


def vonage():
    cases = []

    def token(claims=None, secret=VONAGE_SECRET, algorithm="HS256", headers=None):
        return jwt.encode(claims or CLAIMS, secret, algorithm=algorithm, headers=headers)

    def case(about, token, secret=VONAGE_SECRET, valid=True):
        try:
            said = verify_signature(token, secret)
        except VonageVerifyJwtError:
            said = False
        assert said == valid, about
        cases.append({"about": about, "secret": secret, "token": token, "valid": valid})

    good = token()
    head, payload, signature = good.split(".")
    case("as Vonage has it", good)
    case("with the hash of a body", token({**CLAIMS, "payload_hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
                                                                     "934ca495991b7852b855"}))
    case("further claims, also with parts", token({**CLAIMS, "sub": "call", "acl": {"paths": {"/*/calls/**": {}}}}))
    case("further fields in the head", token(headers={"kid": "1"}))
    case("letters beyond ASCII", token({**CLAIMS, "name": "Jürgen ☎"}))
    case("a secret with letters beyond ASCII", token(secret="schlüssel-☎-0123456789-abcdefghij"),
         secret="schlüssel-☎-0123456789-abcdefghij")

    case("another secret", token(secret="another-secret-of-another-account-0123456789"), valid=False)
    case("the algorithm none, without a signature", token(secret=None, algorithm="none"), valid=False)
    none = token(secret=None, algorithm="none").split(".")[0]
    case("the algorithm none, with the signature of a good one", f"{none}.{payload}.{signature}", valid=False)
    case("HS512 with the right secret", token(secret=VONAGE_SECRET + VONAGE_SECRET, algorithm="HS512"),
         secret=VONAGE_SECRET + VONAGE_SECRET, valid=False)
    other = token({**CLAIMS, "application_id": "ffffffff-bbbb-cccc-dddd-0123456789ab"}).split(".")[1]
    case("another payload under the signature of a good one", f"{head}.{other}.{signature}", valid=False)
    case("another head over the signature of a good one", f"{token(headers={'kid': '2'}).split('.')[0]}.{payload}."
         f"{signature}", valid=False)
    case("the signature is cut short", good[:-4], valid=False)
    case("the signature is empty", f"{head}.{payload}.", valid=False)
    case("no signature", f"{head}.{payload}", valid=False)
    case("a part too many", f"{good}.AAAA", valid=False)
    case("no token", "", valid=False)
    case("no base64", "not.a.token", valid=False)
    return cases


def main():
    # Some of the secrets are short on purpose.
    warnings.simplefilter("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for vendor in (twilio, plivo, vonage):
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in vendor())
        (FOLDER / f"{vendor.__name__}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
