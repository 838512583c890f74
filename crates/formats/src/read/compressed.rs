//! Containers and codecs, by symphonia; Opus, which it does not decode, by `opus`. Must not know what the
//! audio is for.

use std::io::Cursor;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AC3, CODEC_ID_ALAC, CODEC_ID_EAC3, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_OPUS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::{Error, Result as Outcome};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::packet::Packet;
use symphonia::default::formats::{FlacReader, IsoMp4Reader, MkvReader, MpaReader, OggReader};

use super::clip::Clip;
use super::opus::Opus;
use super::{mp4, webm};
use crate::kind::Kind;
use crate::{Audio, FormatError, Limits};

/// Problems in a row after which a container is given up: some find their place again, others tell of the
/// same byte for ever.
const MOST_PROBLEMS: usize = 16;

/// Reads a file of one of symphonia's kinds.
pub(super) fn read(
    bytes: &[u8],
    kind: Kind,
    limits: Limits,
    goes_on: &dyn Fn() -> bool,
) -> Result<Audio, FormatError> {
    let mut container =
        open(bytes, kind).map_err(|error| FormatError::Damaged { kind, problem: text(&error) })?;
    let mut track = Track::of(container.as_ref(), kind)?;
    let edit = if kind == Kind::Mp4 { mp4::edit(bytes) } else { None };
    let mut lead = edit.filter(|_| !track.decoder.skips_by_itself());
    let mut clip: Option<Clip> = None;
    let (mut problem, mut problems) = (None, 0);
    let (mut samples, mut decoded) = (Vec::new(), 0_usize);
    // A header may promise a packet of nothing four milliards of times; a packet has at least a byte.
    for _ in 0..bytes.len() + MOST_PROBLEMS {
        if !goes_on() {
            return Err(FormatError::Stopped { kind });
        }
        let packet = match container.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // The next of several recordings in one file.
            Err(Error::ResetRequired) => {
                match Track::of(container.as_ref(), kind) {
                    Ok(next) => track = next,
                    Err(_) => break,
                }
                continue;
            }
            Err(error) => {
                let ended = matches!(error, Error::IoError(_));
                problem.get_or_insert(text(&error));
                problems += 1;
                if ended || problems > MOST_PROBLEMS {
                    break;
                }
                continue;
            }
        };
        problems = 0;
        if packet.track_id != track.id {
            continue;
        }
        let (rate, channels) = match track.decoder.decode(&packet, &mut samples) {
            Ok(decoded) => decoded,
            Err(error) => {
                problem.get_or_insert(error);
                continue;
            }
        };
        // What is thrown away below was work, too.
        decoded += samples.len() / channels;
        if decoded > 2 * limits.samples_at(u32::MAX) {
            return Err(FormatError::TooLong { kind, most_seconds: limits.most_seconds });
        }
        let clip = match &mut clip {
            Some(clip) => clip,
            none => none.insert(Clip::new(kind, rate, limits)?),
        };
        // Another rate in the middle is damage, or another recording: it would sound too high or too low.
        if clip.rate() == rate {
            let skip = lead.as_mut().map_or(0, |edit| edit.skip(samples.len() / channels, rate));
            clip.push(&samples[skip * channels..], channels)?;
        }
    }
    let Some(mut clip) = clip else {
        let problem = problem.unwrap_or_else(|| "it has no audio in it".to_owned());
        return Err(FormatError::Damaged { kind, problem });
    };
    match kind {
        Kind::WebM => clip.shorten(webm::padding(bytes, clip.rate())),
        Kind::Mp4 => clip.shorten(edit.map_or(0, |edit| edit.padding(clip.len(), clip.rate()))),
        Kind::Wav | Kind::Flac | Kind::Mp3 | Kind::Ogg | Kind::Raw { .. } => {}
    }
    clip.finish(problem)
}

/// The container: the one that the bytes were found to be, so that nothing is searched for.
fn open(bytes: &[u8], kind: Kind) -> Outcome<Box<dyn FormatReader + '_>> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let options = FormatOptions::default();
    Ok(match kind {
        Kind::Flac => Box::new(FlacReader::try_new(source, options)?),
        Kind::Mp3 => Box::new(MpaReader::try_new(source, options)?),
        Kind::Ogg => Box::new(OggReader::try_new(source, options)?),
        Kind::Mp4 => Box::new(IsoMp4Reader::try_new(source, options)?),
        Kind::WebM => Box::new(MkvReader::try_new(source, options)?),
        Kind::Wav | Kind::Raw { .. } => return Err(Error::Unsupported("not compressed")),
    })
}

/// The track that is read.
struct Track {
    id: u32,
    decoder: Decoder,
}

impl Track {
    /// The first track with audio, and its decoder.
    fn of(container: &dyn FormatReader, kind: Kind) -> Result<Self, FormatError> {
        let unsupported = |problem: String| FormatError::Unsupported { kind, problem };
        let tracks = container.tracks().iter();
        let track = container.default_track(TrackType::Audio);
        let track = track.or_else(|| tracks.clone().find(|track| audio(&track.codec_params).is_some()));
        let Some((track, params)) = track.and_then(|track| Some((track, audio(&track.codec_params)?))) else {
            return Err(unsupported("it has no track of audio that is known".to_owned()));
        };
        let decoder = if params.codec == CODEC_ID_OPUS {
            let channels = params.channels.as_ref().map(|channels| channels.count());
            let opus = Opus::new(params.extra_data.as_deref(), channels).map_err(unsupported)?;
            Decoder::Opus(Box::new(opus))
        } else {
            let options = AudioDecoderOptions::default();
            let other = symphonia::default::get_codecs().make_audio_decoder(params, &options);
            Decoder::Other(other.map_err(|error| unsupported(refused(params, &error)))?)
        };
        Ok(Self { id: track.id, decoder })
    }
}

fn audio(params: &Option<CodecParameters>) -> Option<&AudioCodecParameters> {
    params.as_ref().and_then(CodecParameters::audio)
}

/// Why there is no decoder, for a person.
fn refused(params: &AudioCodecParameters, error: &Error) -> String {
    match params.codec {
        CODEC_ID_ALAC => "its audio is Apple Lossless (ALAC)".to_owned(),
        CODEC_ID_AC3 | CODEC_ID_EAC3 => "its audio is Dolby Digital (AC-3)".to_owned(),
        CODEC_ID_MP1 | CODEC_ID_MP2 => "its audio is MPEG layer I or II".to_owned(),
        _ => format!("its audio has no decoder here ({})", text(error)),
    }
}

enum Decoder {
    Opus(Box<Opus>),
    Other(Box<dyn AudioDecoder>),
}

impl Decoder {
    /// Whether the codec's own header says how much of the beginning is no audio.
    fn skips_by_itself(&self) -> bool {
        matches!(self, Self::Opus(_))
    }

    /// Replaces `into` by the packet's samples, of all channels one after the other. Returns their rate and
    /// the number of channels.
    fn decode(&mut self, packet: &Packet, into: &mut Vec<f32>) -> Result<(u32, usize), String> {
        into.clear();
        match self {
            Self::Opus(opus) => opus.decode(packet, into),
            Self::Other(decoder) => {
                let audio = decoder.decode(packet).map_err(|error| text(&error))?;
                audio.copy_to_vec_interleaved(into);
                Ok((audio.spec().rate(), audio.num_planes().max(1)))
            }
        }
    }
}

fn text(error: &Error) -> String {
    let ends = matches!(error, Error::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof);
    if ends { "it ends too early".to_owned() } else { error.to_string() }
}
