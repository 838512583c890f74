#!/bin/sh
# Makes the small files of every kind that the tests read: one second of the shipped caller's speech, as
# browsers, telephones and people's tools write it. Needs ffmpeg, sox and opus-tools (Debian: apt install
# ffmpeg sox opus-tools). Run it in this folder: ./make.sh
set -eu
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
speech=$work/speech.wav
sox -D ../../../../models/demo/callers/4.wav -r 16000 -b 16 "$speech" trim 0.1 1
sox -D "$speech" -r 48000 -c 2 "$work/stereo.wav"

make() {
    ffmpeg -hide_banner -loglevel error -y -i "$speech" -map_metadata -1 -fflags +bitexact "$@"
}

# The reference for all the others: what they are compared with.
sox -D "$speech" -r 16000 -b 16 speech.wav
sox -D "$speech" -r 8000 -e mu-law mulaw.wav
make -c:a flac flac.flac
make -c:a libmp3lame -b:a 32k mp3.mp3
# Another encoder, with a tag before the audio, and none of LAME's.
make -c:a libshine -ar 44100 -b:a 64k -id3v2_version 3 -write_xing 0 -metadata title=Speech shine.mp3
# Small pages, as in a stream: all of a damaged page is lost.
make -c:a libvorbis -q:a 1 -page_duration 200000 vorbis.ogg
make -c:a aac -b:a 32k aac.m4a
# As Safari's MediaRecorder writes: in fragments, with the index in each.
make -c:a aac -b:a 32k -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 200000 fragments.mp4
# The three modes of Opus: for speech, for music, and both at once.
opusenc --quiet --serial 1 --max-delay 200 --bitrate 16 --speech --comp 5 "$speech" silk.opus
opusenc --quiet --serial 1 --max-delay 200 --bitrate 48 --music "$work/stereo.wav" celt.opus
make -ar 48000 -c:a libopus -b:a 28k -application voip -page_duration 200000 hybrid.ogg
make -ar 48000 -c:a libopus -b:a 24k opus.webm
# As Chrome's MediaRecorder writes: of unknown length, and nothing comes back to fill it in.
make -ar 48000 -c:a libopus -b:a 24k -f webm -live 1 - >live.webm
make -c:a libvorbis -q:a 0 vorbis.webm
# Kinds that are refused by name.
make -c:a alac alac.m4a
