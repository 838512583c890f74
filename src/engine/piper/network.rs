//! The network of a VITS voice, run in parts: phonemes to latents with their durations, then latents to
//! sound, some frames at a time, so that the first sound comes early and a job can be broken off. Must not
//! know texts.

use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_onnx::onnx::ModelProto;
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

/// Frames of latents before and after a part that are decoded with it, because its sound depends on them.
/// With 12 the sound of the parts is that of the whole, sample by sample; with 8 the difference is 60 dB
/// below it, and mu-law's noise is 38.
const CONTEXT: usize = 8;

/// The first convolution of the decoder, by the name of its weights in every VITS that Piper exported.
const DECODER_BEGINS: &str = "dec.conv_pre.weight";

/// A voice's network, with a thread of its own.
pub(super) struct Network {
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
        let mut options = ModelOptions::with_all_ops();
        // Weights packed in advance make no difference to its speed (measured).
        options.prepack_weights(false);
        let model = options.load(file).map_err(|error| format!("it cannot be loaded: {error}"))?;
        let node =
            |name: &str| model.find_node(name).ok_or_else(|| format!("it has no value named {name:?}"));
        let (ids, length, scales) = (node("input")?, node("input_lengths")?, node("scales")?);
        let (sound, latents, durations) = (node("output")?, node(&latents)?, node(&durations)?);
        let thread = Arc::new(ThreadPool::with_num_threads(1));
        Ok(Self { model, thread, ids, length, scales, sound, latents, durations })
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
        let durations = durations.iter().map(|frames| frames.max(0.0) as usize).collect();
        Ok(Latents { values, durations })
    }

    /// The sound of some frames, -1 to 1: as many samples for each of them.
    pub(super) fn sound(
        &self,
        latents: &Latents,
        frames: std::ops::Range<usize>,
    ) -> Result<Vec<f32>, String> {
        let from = frames.start.saturating_sub(CONTEXT);
        let to = (frames.end + CONTEXT).min(latents.frames());
        let part = latents.values.slice((.., .., from..to)).to_tensor();
        let sound = self.run(vec![(self.latents, part.into())], &[self.sound])?.pop();
        let sound: Vec<f32> =
            sound.iter().flat_map(|sound| sound.iter().copied().collect::<Vec<_>>()).collect();
        let of_a_frame = sound.len() / (to - from).max(1);
        let wanted = (frames.start - from) * of_a_frame..(frames.end - from) * of_a_frame;
        sound.get(wanted).map(<[f32]>::to_vec).ok_or_else(|| "it gave too little sound".to_owned())
    }
}

/// The names of two values within the network: the latents that go into the decoder, and the frames of each
/// phoneme.
fn inner_values(file: &[u8]) -> Result<(String, String), String> {
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
