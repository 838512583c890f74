#!/usr/bin/env python3
"""Makes tests/golden/transfers/*.json again: requests about a running call as the providers' own packages send them to
a recorder at this machine, and the documents of a transfer as their classes build them.

python3 -m venv VENV && VENV/bin/pip install twilio==9.13.0 telnyx==4.189.0 plivo==4.63.0 vonage==4.9.1 \\
    && npm install --prefix VENV/jambonz @jambonz/node-client@0.4.11 @jambonz/verb-specifications@0.1.13 \\
    && VENV/bin/python scripts/transfer_vectors.py

`cargo test -p offhook-core` compares offhook's requests and documents with them, field by field. What a package does
not check, it cannot tell: none knows whether a provider does what it is asked for.

Every secret here is made up. jambonz' packages are for Node.js: `node` runs them."""

import base64
import contextlib
import http.server
import importlib.metadata
import json
import pathlib
import subprocess
import sys
import threading
import urllib.parse

import plivo
import requests
import telnyx
import twilio.rest
import twilio.twiml.voice_response as twiml
import vonage
import vonage_voice.models as ncco
from plivo import plivoxml
from vonage_voice.models import connect_endpoints

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "golden" / "transfers"
KEY = (ROOT / "tests" / "golden" / "signatures" / "test-key.pem").read_text()
NODE_MODULES = pathlib.Path(sys.prefix) / "jambonz" / "node_modules"

SECRET = "a secret token"
PLIVO_ID = "MA0123456789ABCDEF01"
APPLICATION = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
CALL = "c-1"
KEYS = "12*#"
BASE = "https://voice.example.com/transfer/a-name"
STREAM = "wss://voice.example.com/line"
NUMBER, SHOWN, SIP = "+15550142", "+15550100", "sip:desk@pbx.example.com"
CALLER, CALLED = "+15550199", "+15550100"

# Whom to call, the number that is shown, whether there is a briefing, whether the caller comes back.
TRANSFERS = [
    (NUMBER, None, False, False),
    (NUMBER, SHOWN, True, True),
    (SIP, None, False, True),
    (SIP, SHOWN, True, False),
]


class Recorder(http.server.BaseHTTPRequestHandler):
    """Takes every request, and says that all is well."""
    asked = []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if "json" in self.headers.get("Content-Type", ""):
            body = json.loads(body) if body else None
        elif body:
            body = dict(urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True))
        self.asked.append({"method": self.command, "path": self.path, "authorization": self.proof(),
                           "body": body or None})
        # Vonage's answer to keys is read; nobody reads the others.
        answer = b'{"uuid": "c-1", "message": "done"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = answer

    def proof(self):
        """The proof as it was sent; of a signed token, what is in it."""
        kind, _, value = self.headers["Authorization"].partition(" ")
        parts = value.split(".")
        if len(parts) != 3:
            return f"{kind} {value}"
        head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2])
        return {"kind": kind, "head": head, "claims": sorted(claims), "application_id": claims["application_id"]}

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def recorder():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def recorded(about, send):
    """What `send` asked for, with what it is about."""
    Recorder.asked.clear()
    send()
    assert len(Recorder.asked) == 1, f"{about}: {Recorder.asked}"
    return {**about, **Recorder.asked[0]}


def bring_home(base):
    """The packages that send with `requests` send to the recorder."""
    send = requests.adapters.HTTPAdapter.send

    def sent(self, request, **more):
        request.url = base + urllib.parse.urlsplit(request.url)._replace(scheme="", netloc="").geturl()
        return send(self, request, **more)

    requests.adapters.HTTPAdapter.send = sent


def transfer(to, shown, briefing, back):
    return {"do": "transfer", "to": to, "from": shown, "briefing": briefing, "back": back}


def said(**fields):
    """Without what is not said."""
    return {name: value for name, value in fields.items() if value is not None}


def named(name, **about):
    return {"name": name, **about}


# Twilio
# ------

def twilio_dial(to, shown, briefing, back):
    response = twiml.VoiceResponse()
    dial = response.dial(**said(caller_id=shown, action=f"{BASE}/after.xml" if back else None,
                                method="POST" if back else None))
    whisper = {"url": f"{BASE}/briefing.xml", "method": "GET"} if briefing else {}
    (dial.sip if to.startswith("sip:") else dial.number)(to, **whisper)
    return str(response)


def of_twilio(_base):
    client = twilio.rest.Client("AC1", SECRET)
    call = client.calls(CALL)
    asked = [recorded(transfer(*case), lambda case=case: call.update(twiml=twilio_dial(*case))) for case in TRANSFERS]
    asked.append(recorded({"do": "hang_up"}, lambda: call.update(status="completed")))
    play = twiml.VoiceResponse()
    play.play(f"{BASE}/briefing.wav")
    back = twiml.VoiceResponse()
    stream = back.connect().stream(url=STREAM)
    for name, value in (("from", CALLER), ("to", CALLED), ("transfer", "no-answer")):
        stream.parameter(name=name, value=value)
    over = twiml.VoiceResponse()
    over.hangup()
    documents = [named("briefing", text=str(play)), named("back", text=str(back)), named("over", text=str(over))]
    return {"made_with": made_with("twilio"), "requests": asked, "documents": documents}


# Telnyx
# ------

def of_telnyx(base):
    actions = telnyx.Telnyx(api_key=SECRET, base_url=f"{base}/v2").calls.actions

    def ask(to, shown, briefing, _back):
        actions.transfer(CALL, to=to, **said(from_=shown, audio_url=f"{BASE}/briefing.wav" if briefing else None))

    asked = [recorded(transfer(*case), lambda case=case: ask(*case)) for case in TRANSFERS]
    asked.append(recorded({"do": "hang_up"}, lambda: actions.hangup(CALL)))
    asked.append(recorded({"do": "press"}, lambda: actions.send_dtmf(CALL, digits=KEYS)))
    return {"made_with": made_with("telnyx"), "requests": asked, "documents": []}


# Plivo
# -----

def plivo_dial(to, shown, briefing, back):
    dial = plivoxml.DialElement(**said(
        caller_id=shown.lstrip("+") if shown else None, confirm_sound=f"{BASE}/briefing.xml" if briefing else None,
        action=f"{BASE}/after.xml" if back else None, method="POST" if back else None))
    party = plivoxml.UserElement(to) if to.startswith("sip:") else plivoxml.NumberElement(to.lstrip("+"))
    return plivoxml.ResponseElement().add(dial.add(party)).to_string(pretty=False)


def of_plivo(_base):
    calls = plivo.RestClient(PLIVO_ID, SECRET).calls
    ask = lambda: calls.transfer(CALL, legs="aleg", aleg_url=f"{BASE}/dial.xml", aleg_method="GET")
    asked = [recorded(transfer(*case), ask) for case in TRANSFERS]
    asked.append(recorded({"do": "hang_up"}, lambda: calls.hangup(CALL)))
    asked.append(recorded({"do": "press"}, lambda: calls.send_digits(CALL, KEYS)))
    for request in asked:
        # The package sends all arguments of its own function; the call is in the path, as Plivo documents it.
        if request["body"]:
            assert request["body"].pop("call_uuid") == CALL
        request["body"] = request["body"] or None
    written = lambda element: plivoxml.ResponseElement().add(element).to_string(pretty=False)
    stream = plivoxml.StreamElement(STREAM, bidirectional=True, keepCallAlive=True,
                                    contentType="audio/x-mulaw;rate=8000",
                                    extraHeaders="from=15550199,to=15550100,transfer=noanswer")
    documents = [named("dial", **transfer(*case), text=plivo_dial(*case)) for case in TRANSFERS]
    documents += [named("briefing", text=written(plivoxml.PlayElement(f"{BASE}/briefing.wav"))),
                  named("back", text=written(stream)), named("over", text=written(plivoxml.HangupElement()))]
    return {"made_with": made_with("plivo"), "requests": asked, "documents": documents}


# Vonage
# ------

def vonage_connect(to, shown, briefing, back):
    if to.startswith("sip:"):
        # It has no onAnswer: there is no briefing.
        endpoint = connect_endpoints.SipEndpoint(uri=to)
    else:
        answer = connect_endpoints.OnAnswer(url=f"{BASE}/briefing.json") if briefing else None
        endpoint = connect_endpoints.PhoneEndpoint(number=to.lstrip("+"), **said(onAnswer=answer))
    shown = {"from_": shown.lstrip("+")} if shown else {"randomFromNumber": True}
    asks = {"eventType": "synchronous", "eventUrl": [f"{BASE}/after.json"]} if back else {}
    return ncco.Connect(endpoint=[endpoint], **shown, **asks)


def of_vonage(_base):
    voice = vonage.Vonage(vonage.Auth(application_id=APPLICATION, private_key=KEY)).voice
    possible = [case for case in TRANSFERS if not (case[0] == SIP and case[2])]
    asked = [recorded(transfer(*case), lambda case=case: voice.transfer_call_ncco(CALL, [vonage_connect(*case)]))
             for case in possible]
    asked.append(recorded({"do": "hang_up"}, lambda: voice.hangup(CALL)))
    asked.append(recorded({"do": "press"}, lambda: voice.play_dtmf_into_call(CALL, KEYS)))
    headers = {"from": CALLER, "to": CALLED, "transfer": "no-answer", "call_id": CALL}
    socket = connect_endpoints.WebsocketEndpoint(uri=STREAM, contentType="audio/l16;rate=8000", headers=headers,
                                                 authorization={"type": "vonage"})
    written = lambda action: json.dumps([action.model_dump(by_alias=True, exclude_none=True, mode="json")])
    documents = [named("briefing", text=written(ncco.Stream(streamUrl=[f"{BASE}/briefing.wav"]))),
                 named("back", text=written(ncco.Connect(endpoint=[socket], randomFromNumber=True)))]
    return {"made_with": made_with("vonage"), "requests": asked, "documents": documents}


# jambonz
# -------

JAMBONZ = """
const jambonz = require('@jambonz/node-client');
const {validate} = require('@jambonz/verb-specifications');
const {base, account, key, update, documents} = JSON.parse(require('fs').readFileSync(0));
const written = documents.map((verbs) => {
  const response = new jambonz.WebhookResponse();
  for (const {verb, ...options} of verbs) response[verb](options);
  const payload = JSON.parse(JSON.stringify(response));
  validate({info() {}, debug() {}, error: console.error}, payload);
  return JSON.stringify(payload);
});
const client = jambonz(account, key, {baseUrl: base});
client.calls.update('c-1', update).then(() => console.log(JSON.stringify(written)));
"""


def jambonz_dial(to, shown, briefing, back):
    target = {"type": "sip", "sipUri": to} if to.startswith("sip:") else {"type": "phone", "number": to}
    return [{"verb": "dial", "target": [target], **said(
        callerId=shown, confirmHook=f"{BASE}/briefing.json" if briefing else None,
        actionHook=f"{BASE}/after.json" if back else None)}]


def of_jambonz(base):
    play = [{"verb": "play", "url": f"{BASE}/briefing.wav"}]
    metadata = {"from": CALLER, "to": CALLED, "transfer": "no-answer"}
    listen = [{"verb": "listen", "url": STREAM, "mixType": "mono", "sampleRate": 8000, "passDtmf": True,
               "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": 8000}, "metadata": metadata}]
    asked = {"base": base, "account": "a-1", "key": SECRET,
             "update": {"call_hook": {"url": f"{BASE}/dial.json", "method": "GET"}},
             "documents": [*(jambonz_dial(*case) for case in TRANSFERS), play, listen]}
    told = []

    def ask():
        done = subprocess.run(["node", "-e", JAMBONZ], input=json.dumps(asked), text=True, capture_output=True,
                              check=False, env={"NODE_PATH": str(NODE_MODULES), "PATH": "/usr/local/bin:/usr/bin:/bin"})
        if done.returncode:
            sys.exit(done.stderr)
        told.append(json.loads(done.stdout))

    request = recorded({}, ask)
    *dials, briefing, back = told[0]
    documents = [named("dial", **transfer(*case), text=text) for case, text in zip(TRANSFERS, dials)]
    documents += [named("briefing", text=briefing), named("back", text=back)]
    packages = ("node-client", "verb-specifications")
    versions = [json.loads((NODE_MODULES / "@jambonz" / name / "package.json").read_text()) for name in packages]
    return {"made_with": ", ".join(f"{it['name']} {it['version']}" for it in versions),
            "requests": [{**transfer(*case), **request} for case in TRANSFERS], "documents": documents}


def made_with(package):
    return f"{package} {importlib.metadata.version(package)}"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    with recorder() as base:
        bring_home(base)
        for vectors in (of_twilio, of_telnyx, of_plivo, of_vonage, of_jambonz):
            made = vectors(base)
            name = vectors.__name__.removeprefix("of_")
            (FOLDER / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
            print(f"{name}: {len(made['requests'])} requests, {len(made['documents'])} documents, by {made['made_with']}")


if __name__ == "__main__":
    main()
