"""The synthetic voices: flite, festival, pico and espeak-ng, with changes of pitch, pace and tract.

The vocal tract is changed by playing a recording faster or slower (``tract`` > 1 is a shorter
tract); the synthesiser is asked for a pitch and a pace that make up for it. The flite voice
"rms" is kept for the judgement and never trained.
"""

import re
import subprocess
from xml.sax.saxutils import escape

ESPEAK_LANGUAGES = ["en-us", "en-us", "en-us", "en-us-nyc", "en-gb", "en-gb-x-rp", "en-gb-scotland"]
ESPEAK_TRAINED = """m1 m2 m3 m4 m5 m6 m7 f1 f2 f3 f4 f5 klatt klatt2 klatt3 Alex Alicia Andrea Gene
Michael Lee Henrique adam belinda benjamin caleb ed edward john linda max paul rob robert shelby
steph2 travis zac grandpa anika sandro pablo Hugo Mario""".split()
ESPEAK_HELD_OUT = "m8 Andy Gene2 Mike Annie victor david steph boris klatt4".split()
FESTIVAL = {"hts": "cmu_us_slt_arctic_hts", "ked": "ked_diphone", "kal": "kal_diphone"}

SHARES = {"espeak": 0.12, "flite/kal16": 0.25, "festival/kal": 0.25, "festival/ked": 0.5}

SPOKEN = {
    "espeak": {"mm-hm": "[[m=h'm]]", "uh-huh": "[[Vh'V]]", "hmm": "[[h@m]]", "A~": "[[eI]]"},
    "flite": {"mm-hm": "umhum", "uh-huh": "uh huh", "hmm": "hum", "A~": "ay", "huh": "huh"},
}
SPOKEN["festival"] = SPOKEN["pico"] = SPOKEN["flite"]
HUMS = re.compile(r"\b(?:mm-hm|uh-huh|hmm|huh)\b", re.IGNORECASE)  # pico spells these out
LETTER_A = re.compile(r"\bA\b(?= [A-Z]\b)|(?<=\b[A-Z] )A\b|(?<=with an )A\b|^A(?= (?:as in|like) )")


def spoken(text, engine):
    """Write a text so that an engine says it right: hums, and the letter A in spelled names."""
    text = LETTER_A.sub("A~", text)
    for word, sound in SPOKEN[engine].items():
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        text = pattern.sub(lambda _, s=sound: s, text)
    return text


def choose(kind, text, rng):
    """Choose a voice and its settings for a text; ``kind`` is train, val, variants, test or mixture."""
    pace = rng.uniform(0.82, 1.22)
    if kind in ("test", "mixture"):
        return {"engine": "flite", "name": "flite/rms", "voice": "rms", "tract": 1.0,
                "stretch": rng.uniform(0.9, 1.15), "shift": 1.0}
    draw = 1.0 if kind == "variants" else rng.random()
    if draw < 0.22:
        return flite("slt", 165, rng.uniform(80, 225), rng.uniform(0.78, 1.04), pace)
    if draw < 0.42:
        return flite("awb", 118, rng.uniform(75, 180), rng.uniform(0.88, 1.15), pace)
    if draw < 0.67 and not HUMS.search(text):
        return pico(rng.choice(["en-US", "en-US", "en-GB"]), rng.uniform(0.78, 1.04),
                    rng.uniform(55, 115), pace)
    if draw < 0.70:
        tract = rng.uniform(0.88, 1.15)
        return {"engine": "flite", "name": "flite/kal16", "voice": "kal16", "tract": tract,
                "stretch": pace * tract, "mean": rng.uniform(80, 150) / tract}
    if draw < 0.84:
        name = rng.choice(["hts", "hts", "ked", "ked", "kal"])
        tract = rng.uniform(0.80, 1.04) if name == "hts" else rng.uniform(0.9, 1.2)
        return {"engine": "festival", "name": f"festival/{name}", "voice": FESTIVAL[name],
                "tract": tract, "stretch": pace * tract}
    variant = rng.choice(ESPEAK_HELD_OUT if kind == "variants" else ESPEAK_TRAINED)
    language = rng.choice(ESPEAK_LANGUAGES)
    tract = rng.uniform(0.92, 1.1)
    return {"engine": "espeak", "name": f"espeak/{language}+{variant}", "voice": f"{language}+{variant}",
            "tract": tract, "speed": round(165 / pace / tract), "pitch": rng.randint(20, 75)}


def share(name):
    """Return the share of a voice's utterances that one round of training uses."""
    return SHARES.get(name, SHARES.get(name.split("/")[0], 1.0))


def flite(voice, natural, pitch, tract, pace):
    """Return the settings that give a statistical flite voice a pitch (Hz), a tract and a pace."""
    return {"engine": "flite", "name": f"flite/{voice}", "voice": voice, "tract": tract,
            "stretch": pace * tract, "shift": pitch / natural / tract}


def pico(language, tract, pitch, pace):
    """Return the settings of a pico voice; ``pitch`` is a percentage of its own."""
    return {"engine": "pico", "name": f"pico/{language}", "voice": language, "tract": tract,
            "pitch": round(min(max(pitch / tract, 50), 200)),
            "speed": round(min(max(100 / pace / tract, 20), 500))}


def quiet(command):
    """Run a command; a failure shows later as a missing file."""
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
                   check=False)


def synthesise(requests, folder):
    """Speak [(text, voice, path)]; festival gets all its sentences in one run."""
    script = []
    for text, voice, path in requests:
        text = spoken(text, voice["engine"])
        if voice["engine"] == "flite":
            command = ["flite", "-voice", voice["voice"],
                       "--setf", f"duration_stretch={voice['stretch']:.3f}"]
            if "shift" in voice:
                command += ["--setf", f"f0_shift={voice['shift']:.3f}"]
            if "mean" in voice:
                command += ["--setf", f"int_f0_target_mean={voice['mean']:.1f}"]
            quiet(command + ["-t", text, "-o", str(path)])
        elif voice["engine"] == "espeak":
            quiet(["espeak-ng", "-v", voice["voice"], "-s", str(voice["speed"]),
                   "-p", str(voice["pitch"]), "-w", str(path), text])
        elif voice["engine"] == "pico":
            text = f"<pitch level='{voice['pitch']}'><speed level='{voice['speed']}'>{escape(text)}</speed></pitch>"
            quiet(["pico2wave", "-l", voice["voice"], "-w", str(path), text])
        else:
            text = re.sub(r"[^\w',.? -]", "", text)
            script += [f"(voice_{voice['voice']})",
                       f"(Parameter.set 'Duration_Stretch {voice['stretch']:.3f})",
                       f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{path}" \'riff)']
    if script:
        file = folder / "speak.scm"
        file.write_text("\n".join(script) + "\n")
        quiet(["festival", "-b", str(file)])
