//! `offhook transcribe` as people use it: recordings of calls of all kinds, whole and damaged.

use std::fs;
use std::io::Cursor;

use offhook::audio::wav;
use offhook::files::recordings;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::server::{root, run, text};

/// A caller's line of the demo conversation, at 8 kHz.
fn caller(number: u32) -> Vec<i16> {
    let file = root().join(format!("models/demo/callers/{number}.wav"));
    recordings::read(&file).unwrap().i16_at(8000).unwrap()
}

/// `ms` milliseconds of silence.
fn pause(ms: usize) -> Vec<i16> {
    vec![0; ms * 8]
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    fn wav(&self, name: &str, channels: &[&[i16]]) -> String {
        self.file(name, &wav::encode(8000, channels).unwrap())
    }
}

/// Runs `offhook transcribe`. Returns its standard output, its standard error and its exit code.
fn transcribe(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = run(&[&["transcribe"], arguments].concat(), "");
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

fn json(arguments: &[&str]) -> Vec<Value> {
    let (out, error, code) = transcribe(&[&["--json"], arguments].concat());
    assert_eq!(code, Some(0), "{error}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A call as `offhook call` records it: the caller left, the other side right, speaking in turns.
fn call(folder: &Folder) -> String {
    let [monday, cleaning, park] = [caller(2), caller(3), caller(4)];
    let left = [pause(300), monday.clone(), pause(1000 + cleaning.len() / 8 + 1000), park].concat();
    let right = [pause(300 + monday.len() / 8 + 1000), cleaning].concat();
    folder.wav("call.wav", &[&left, &right])
}

#[test]
fn both_sides_of_a_call_come_in_order_of_time_with_their_names() {
    let folder = Folder::new();
    let (out, error, code) = transcribe(&[&call(&folder)]);
    assert_eq!(code, Some(0), "{error}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    for (line, (stamp, words)) in lines.iter().zip([
        ("[00:00 left] ", &["open", "monday"][..]),
        ("[00:03 right] ", &["cleaning"]),
        ("[00:06 left] ", &["park"]),
    ]) {
        assert!(line.starts_with(stamp), "{line:?} does not begin with {stamp:?}");
        assert!(words.iter().all(|word| line.to_lowercase().contains(word)), "{line:?}");
    }
    assert!(!out.contains('\u{1b}'), "no colours in a pipe: {out:?}");
    assert!(!error.contains('\r'), "no progress in a pipe: {error:?}");
}

#[test]
fn one_side_can_be_asked_for() {
    let folder = Folder::new();
    let call = call(&folder);
    let (right, _, code) = transcribe(&[&call, "--channel", "right"]);
    assert_eq!((right.lines().count(), code), (1, Some(0)), "{right}");
    assert!(right.starts_with("[00:03 right] "), "{right}");
    let mono = folder.wav("mono.wav", &[&caller(2)]);
    let (_, error, code) = transcribe(&[&mono, "--channel", "left"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("mono.wav: it is mono"), "{error}");
}

#[test]
fn the_same_audio_on_both_sides_is_written_down_once() {
    let folder = Folder::new();
    let voice = caller(2);
    let (out, _, _) = transcribe(&[&folder.wav("dual.wav", &[&voice, &voice])]);
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with("[00:00 both] "), "{out}");
}

#[test]
fn of_more_than_two_channels_the_mix_is_taken_and_said_so() {
    let folder = Folder::new();
    let (silence, voice) = (pause(100), caller(2));
    let (out, error, code) = transcribe(&[&folder.wav("three.wav", &[&silence, &silence, &voice])]);
    assert_eq!(code, Some(0), "{error}");
    assert!(error.contains("has 3 channels: their mix is transcribed"), "{error}");
    assert!(out.starts_with("[00:00] ") && out.to_lowercase().contains("monday"), "{out}");
}

#[test]
fn json_tells_channels_times_and_words_in_order() {
    let folder = Folder::new();
    let call = call(&folder);
    let reports = json(&[&call, &folder.wav("mono.wav", &[&caller(2)])]);
    let [call, mono] = &reports[..] else { panic!("{reports:?}") };
    let segments = call["segments"].as_array().unwrap();
    let channels: Vec<&str> = segments.iter().map(|s| s["channel"].as_str().unwrap()).collect();
    assert_eq!(channels, ["left", "right", "left"]);
    assert_eq!(mono["segments"][0]["channel"], "mono");
    assert_eq!((&call["truncated"], &mono["truncated"]), (&false.into(), &false.into()));
    let mut times = Vec::new();
    for segment in segments {
        let number = |of: &Value, key: &str| of[key].as_f64().unwrap();
        let (start, end) = (number(segment, "start_ms"), number(segment, "end_ms"));
        assert!(start < end && end <= number(call, "duration_ms"), "{segment}");
        let words = segment["words"].as_array().unwrap();
        let said: Vec<&str> = words.iter().map(|word| word["text"].as_str().unwrap()).collect();
        assert_eq!(said.join(" "), segment["text"].as_str().unwrap());
        for word in words {
            assert!(number(word, "start_ms") >= start && number(word, "end_ms") <= end, "{segment}");
            assert!((0.0..=1.0).contains(&number(word, "confidence")), "{segment}");
        }
        times.push(start);
        times.extend(words.iter().map(|word| number(word, "end_ms")));
    }
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.iter().all(|time| (time * 10.0 - (time * 10.0).round()).abs() < 1e-6), "{times:?}");
}

#[test]
fn subtitles_are_numbered_from_one_and_have_times_and_sides() {
    let folder = Folder::new();
    let call = call(&folder);
    let (out, error, code) = transcribe(&["--srt", &call]);
    assert_eq!(code, Some(0), "{error}");
    let cues: Vec<Vec<&str>> = out.trim_end().split("\n\n").map(|cue| cue.lines().collect()).collect();
    assert_eq!(cues.len(), 3, "{out}");
    for (number, (cue, side)) in cues.iter().zip(["left: ", "right: ", "left: "]).enumerate() {
        let [index, times, words] = cue[..] else { panic!("{cue:?}") };
        assert_eq!(index, (number + 1).to_string());
        let (start, end) = times.split_once(" --> ").unwrap();
        for time in [start, end] {
            assert_eq!(time.len(), "00:00:12,340".len());
            assert!(time.starts_with("00:00:0") && &time[8..9] == ",", "{time}");
        }
        assert!(start < end && words.starts_with(side), "{cue:?}");
    }
    let (_, error, code) = transcribe(&["--srt", &call, &call]);
    assert_eq!(code, Some(1));
    assert!(error.contains("give one file"), "{error}");
    let (_, error, code) = transcribe(&["--srt", "--json", &call]);
    assert_eq!(code, Some(2));
    assert!(error.contains("'--srt' cannot be used with '--json'"), "{error}");
}

#[test]
fn a_file_that_is_cut_short_is_transcribed_as_far_as_it_goes() {
    let folder = Folder::new();
    let bytes = wav::encode(8000, &[&[caller(2), pause(2000)].concat()]).unwrap();
    let cut = folder.file("cut.wav", &bytes[..bytes.len() - 24_000]);
    let (out, error, code) = transcribe(&[&cut]);
    assert_eq!(code, Some(0));
    assert!(out.to_lowercase().contains("monday"), "{out}");
    assert!(error.contains("cut.wav is cut short: 1.500 s that its header promises are missing"), "{error}");
    let report = &json(&[&cut])[0];
    assert_eq!((&report["truncated"], &report["missing_ms"]), (&true.into(), &1500.0.into()));
}

#[test]
fn a_file_whose_header_has_no_length_is_transcribed_to_its_end() {
    let folder = Folder::new();
    let bytes = wav::encode(8000, &[&caller(2)]).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").unwrap() + 4;
    for (name, size) in [("zero.wav", 0), ("most.wav", u32::MAX), ("sox.wav", 0x7fff_f000)] {
        let mut bytes = bytes.clone();
        bytes[data..data + 4].copy_from_slice(&u32::to_le_bytes(size));
        let file = folder.file(name, &bytes);
        let (out, error, code) = transcribe(&[&file]);
        assert_eq!(code, Some(0));
        assert!(out.to_lowercase().contains("monday"), "{name}: {out}");
        assert!(error.contains("its header has no length"), "{name}: {error}");
        assert_eq!(json(&[&file])[0]["truncated"], Value::Null);
    }
}

#[test]
fn silence_and_noise_have_no_words_and_that_is_no_error() {
    let folder = Folder::new();
    let silence = folder.wav("silence.wav", &[&pause(3000)]);
    let (out, _, code) = transcribe(&[&silence]);
    assert_eq!((out.as_str(), code), ("no words\n", Some(0)));
    assert_eq!(json(&[&silence])[0]["segments"], Value::Array(Vec::new()));
    let (out, error, code) = transcribe(&["--srt", &silence]);
    assert_eq!((out.as_str(), code), ("", Some(0)));
    assert!(error.contains("silence.wav: no words"), "{error}");
}

#[test]
fn what_is_broken_is_told_by_name_and_the_other_files_go_on() {
    let folder = Folder::new();
    let whole = wav::encode(8000, &[&caller(2)]).unwrap();
    let files = [
        (folder.file("empty.wav", b""), "empty.wav is not a WAV file: it is empty"),
        (folder.file("header.wav", &whole[..40]), "header.wav is not a WAV file: it has no audio in it"),
        (folder.file("mute.wav", &wav::encode(8000, &[&[]]).unwrap()), "mute.wav has no audio"),
        (
            folder.file("song.wav", b"ID3 and so on, long enough"),
            "song.wav is not a WAV file: it begins with",
        ),
        (folder.0.path().join("none.wav").display().to_string(), "none.wav: No such file"),
    ];
    let good = folder.file("good.wav", &whole);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).chain([good.as_str()]).collect();
    let (out, error, code) = transcribe(&names);
    assert_eq!(code, Some(1));
    for (_, told) in &files {
        assert!(error.contains(told), "{told:?} is not in {error}");
    }
    assert!(out.contains("good.wav:\n[00:00] ") && out.to_lowercase().contains("monday"), "{out}");
}

#[test]
fn very_short_very_quiet_and_very_loud_files_are_taken() {
    let folder = Folder::new();
    let voice = caller(2);
    let (_, error, code) = transcribe(&[&folder.wav("short.wav", &[&voice[4000..5600]])]);
    assert_eq!(code, Some(0), "{error}");
    for (name, gain) in [("quiet.wav", 0.003), ("clipped.wav", 4.0)] {
        let samples: Vec<i16> = voice.iter().map(|&s| (f32::from(s) * gain) as i16).collect();
        let (out, error, code) = transcribe(&[&folder.wav(name, &[&samples])]);
        assert_eq!(code, Some(0), "{error}");
        assert!(out.to_lowercase().contains("open"), "{name}: {out}");
    }
}

#[test]
fn other_rates_are_heard_as_well() {
    let folder = Folder::new();
    let voice = wav::read(Cursor::new(wav::encode(8000, &[&caller(2)]).unwrap()), "voice").unwrap();
    for rate in [6000, 11_025, 22_050, 48_000, 96_000] {
        let bytes = wav::encode(rate, &[&voice.i16_at(rate).unwrap()]).unwrap();
        let (out, _, code) = transcribe(&[&folder.file("rate.wav", &bytes)]);
        assert_eq!(code, Some(0));
        assert!(out.to_lowercase().contains("open"), "{rate}: {out}");
    }
}

#[test]
fn windows_one_after_the_other_are_there_for_comparison() {
    let folder = Folder::new();
    let (out, error, code) = transcribe(&["--whole", &folder.wav("a.wav", &[&caller(2)])]);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.starts_with("[00:00] ") && out.to_lowercase().contains("monday"), "{out}");
    let (_, error, code) = transcribe(&["--whole", "--stream", "a.wav"]);
    assert_eq!(code, Some(2), "{error}");
}

#[test]
fn a_phone_line_has_one_side_and_it_must_be_chosen() {
    let folder = Folder::new();
    let call = call(&folder);
    let (_, error, code) = transcribe(&["--stream", &call]);
    assert_eq!(code, Some(1));
    assert!(error.contains("has 2 channels, and --stream listens to one caller"), "{error}");
    let (out, error, code) = transcribe(&["--stream", "--channel", "left", &call]);
    assert_eq!(code, Some(0), "{error}");
    let turns: Vec<String> = out.lines().map(str::to_lowercase).collect();
    assert_eq!(turns.len(), 2, "{out}");
    assert!(turns[0].contains("monday") && turns[1].contains("park"), "{out}");
}

#[test]
fn a_language_that_the_weights_do_not_know_is_refused_with_what_to_do() {
    let folder = Folder::new();
    let file = folder.wav("a.wav", &[&caller(2)]);
    let (_, error, code) = transcribe(&["--language", "de", &file]);
    assert_eq!(code, Some(66));
    assert!(error.contains("it knows English only, and stt.language is \"de\""), "{error}");
    assert!(error.contains("set stt.language = \"en\""), "{error}");
    let (_, error, code) = transcribe(&["--language", "german", &file]);
    assert_eq!(code, Some(2));
    assert!(error.contains("german is \"de\""), "{error}");
}
