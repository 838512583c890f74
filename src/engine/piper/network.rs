//! The network of a VITS voice, run in parts: phonemes to latents with their durations, then latents to
//! sound, some frames at a time, so that the first sound comes early and a job can be broken off. Must not
//! know texts.

use std::ops::Range;
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_onnx::onnx::ModelProto;
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::onnx_form;
use crate::engine::{EngineError, survive};

/// Frames of latents before and after a part that are decoded with it, because its sound depends on them: the
/// first of these with which the parts sound like the whole. Medium voices need 8.
const CONTEXTS: [usize; 4] = [8, 12, 16, 32];

/// The difference between parts and whole, as a share of the power: 50 dB below the sound, where mu-law's
/// noise is 38.
const SAME: f32 = 1e-5;

/// The most frames that one phoneme may take on average: three seconds would be no speech.
const MOST_FRAMES: usize = 256;

/// The first convolution of the decoder, by the name of its weights in every VITS that Piper exported.
const DECODER_BEGINS: &str = "dec.conv_pre.weight";

/// A voice's network, which computes on a thread of its own.
pub(super) struct Network {
    context: usize,
    model: Model,
    thread: Arc<ThreadPool>,
    ids: NodeId,
    length: NodeId,
    scales: NodeId,
    sound: NodeId,
    latents: NodeId,
    durations: NodeId,
}

/// A text between phonemes and sound.
pub(super) struct Latents {
    /// Shape `[1, channels, frames]`.
    values: Tensor<f32>,
    /// Frames that each phoneme takes.
    pub(super) durations: Vec<usize>,
}

impl Latents {
    pub(super) fn frames(&self) -> usize {
        self.values.shape()[2]
    }

    /// All frames in order: at most as many as the first of `sizes`, then the second, and so on; the last one
    /// is repeated.
    fn parts(&self, sizes: &[usize]) -> Vec<Range<usize>> {
        let (frames, mut parts, mut at) = (self.frames(), Vec::new(), 0);
        while at < frames {
            let size = sizes.get(parts.len()).or(sizes.last()).map_or(frames, |size| *size);
            let until = (at + size.max(1)).min(frames);
            parts.push(at..until);
            at = until;
        }
        parts
    }
}

/// How a text is said: how much the sound varies, how long it lasts, how much its lengths vary.
pub(super) type Scales = [f32; 3];

impl Network {
    /// From the bytes of an ONNX file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn load(file: Vec<u8>) -> Result<Self, String> {
        let (latents, durations) = inner_values(&file)?;
        // A graph that contradicts itself may make the library panic.
        let loaded = survive("voice", || {
            let loaded = ModelOptions::with_all_ops().load(file);
            loaded.map_err(|error| EngineError::Failed(error.to_string()))
        });
        let model = loaded.map_err(|error| format!("it cannot be loaded: {error}"))?;
        let node =
            |name: &str| model.find_node(name).ok_or_else(|| format!("it has no value named {name:?}"));
        let (ids, length, scales) = (node("input")?, node("input_lengths")?, node("scales")?);
        let (sound, latents, durations) = (node("output")?, node(&latents)?, node(&durations)?);
        let thread = Arc::new(ThreadPool::with_num_threads(1));
        let context = CONTEXTS[0];
        Ok(Self { context, model, thread, ids, length, scales, sound, latents, durations })
    }

    fn run(
        &self,
        inputs: Vec<(NodeId, ValueOrView<'_>)>,
        outputs: &[NodeId],
    ) -> Result<Vec<Tensor<f32>>, String> {
        let options = RunOptions::default().with_thread_pool(Some(self.thread.clone()));
        let values = self.model.run(inputs, outputs, Some(options)).map_err(|error| error.to_string())?;
        values
            .into_iter()
            .map(|value| value.into_tensor().ok_or_else(|| "a value of another type".to_owned()))
            .collect()
    }

    /// From phonemes to latents.
    pub(super) fn latents(&self, ids: &[i32], scales: Scales) -> Result<Latents, String> {
        let count = i32::try_from(ids.len()).map_err(|_| "too many phonemes".to_owned())?;
        let inputs = vec![
            (self.ids, NdTensor::from_data([1, ids.len()], ids.to_vec()).into()),
            (self.length, NdTensor::from_data([1], vec![count]).into()),
            (self.scales, NdTensor::from_data([3], scales.to_vec()).into()),
        ];
        let [values, durations] =
            <[Tensor<f32>; 2]>::try_from(self.run(inputs, &[self.latents, self.durations])?)
                .map_err(|_| "two values were asked for".to_owned())?;
        if values.ndim() != 3 || values.shape()[0] != 1 {
            return Err(format!(
                "its latents have the shape {:?}, and not [1, channels, frames]",
                values.shape()
            ));
        }
        let durations: Vec<usize> = durations.iter().map(|frames| frames.max(0.0) as usize).collect();
        let frames = durations.iter().fold(0_usize, |sum, frames| sum.saturating_add(*frames));
        if durations.len() != ids.len() || frames != values.shape()[2] || frames > MOST_FRAMES * ids.len() {
            return Err(format!(
                "its {} phonemes have {} durations of {frames} frames, and {} frames of latents",
                ids.len(),
                durations.len(),
                values.shape()[2]
            ));
        }
        Ok(Latents { values, durations })
    }

    /// The sound of some frames, -1 to 1: as many samples for each of them.
    pub(super) fn sound(&self, latents: &Latents, frames: Range<usize>) -> Result<Vec<f32>, String> {
        self.sound_with(latents, frames, self.context)
    }

    fn sound_with(
        &self,
        latents: &Latents,
        frames: Range<usize>,
        context: usize,
    ) -> Result<Vec<f32>, String> {
        let from = frames.start.saturating_sub(context);
        let to = (frames.end + context).min(latents.frames());
        let part = latents.values.slice((.., .., from..to)).to_tensor();
        let sound = self.run(vec![(self.latents, part.into())], &[self.sound])?.pop();
        let sound: Vec<f32> = sound.iter().flat_map(|sound| sound.iter().copied()).collect();
        let of_a_frame = sound.len() / (to - from).max(1);
        let wanted = (frames.start - from) * of_a_frame..(frames.end - from) * of_a_frame;
        sound.get(wanted).map(<[f32]>::to_vec).ok_or_else(|| "it gave too little sound".to_owned())
    }

    /// Finds how much context this voice needs: its parts must sound like the whole. Returns the whole.
    ///
    /// # Errors
    /// If no context suffices.
    pub(super) fn find_its_context(
        &mut self,
        latents: &Latents,
        sizes: &[usize],
    ) -> Result<Vec<f32>, String> {
        let whole = self.sound_with(latents, 0..latents.frames(), 0)?;
        let power: f32 = whole.iter().map(|sample| sample * sample).sum();
        for context in CONTEXTS {
            let mut parts = Vec::with_capacity(whole.len());
            for frames in latents.parts(sizes) {
                parts.extend(self.sound_with(latents, frames, context)?);
            }
            let differs: f32 = parts.iter().zip(&whole).map(|(part, whole)| (part - whole).powi(2)).sum();
            if parts.len() == whole.len() && differs <= SAME * power {
                self.context = context;
                return Ok(whole);
            }
        }
        Err("its sound in parts is not its sound as a whole: it is of a kind that is not known here"
            .to_owned())
    }
}

/// The names of two values within the network: the latents that go into the decoder, and the frames of each
/// phoneme.
pub(super) fn inner_values(file: &[u8]) -> Result<(String, String), String> {
    onnx_form::check(file)?;
    let model = ModelProto::parse_buf(file).map_err(|error| format!("it is not an ONNX model: {error}"))?;
    let graph = model.graph.ok_or("it is an ONNX model without a graph")?;
    let begins =
        graph.node.iter().find(|node| node.input.iter().any(|input| input.ends_with(DECODER_BEGINS)));
    let latents = begins.and_then(|node| node.input.first());
    // Durations are made whole frames, and nothing else in the network is.
    let whole = graph.node.iter().find(|node| node.op_type.as_deref() == Some("Ceil"));
    let durations = whole.and_then(|node| node.output.first());
    let both = latents.cloned().zip(durations.cloned());
    both.ok_or_else(|| "it is an ONNX model, but not a VITS voice as Piper exports them".to_owned())
}
