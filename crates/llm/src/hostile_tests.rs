//! Tests of files that are corrupt, hostile or of an unsupported kind: each is refused with an error that
//! names what is wrong.

use candle_core::quantized::gguf_file::Value;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::test_model::TestModel;
use super::tests::complaint;

#[test]
fn a_count_in_the_header_that_the_file_cannot_hold_allocates_nothing() {
    let mut bytes = TestModel::phi3(GgmlDType::Q8_0).bytes();
    bytes[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(complaint(&bytes).contains("the number of tensors is 18446744073709551615"));
    let mut endless_text = b"GGUF\x03\0\0\0".to_vec();
    endless_text.extend([0, 1].map(u64::to_le_bytes).concat());
    endless_text.extend((1_u64 << 21).to_le_bytes());
    assert!(complaint(&endless_text).contains("ends early"), "{}", complaint(&endless_text));
}

/// A row of the table of tensors: name, dimensions, type, offset.
type Row<'a> = (&'a str, &'a [u64], u32, u64);

/// A header with these metadata entries and tensors, and 64 bytes of data.
fn header(entries: &[Vec<u8>], tensors: &[Row<'_>]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend([tensors.len() as u64, entries.len() as u64].map(u64::to_le_bytes).concat());
    bytes.extend(entries.concat());
    for (name, dimensions, kind, offset) in tensors {
        bytes.extend(text(name));
        bytes.extend(u32::try_from(dimensions.len()).unwrap().to_le_bytes());
        dimensions.iter().for_each(|n| bytes.extend(n.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(32) + 64, 0);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// An entry of this type.
fn entry(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(key), kind.to_le_bytes().as_slice(), value].concat()
}

#[test]
fn a_tensor_that_cannot_be_is_refused_by_its_name() {
    let cases: [(&[Row<'_>], &str); 9] = [
        (&[("huge", &[1 << 62, 1 << 62], 0, 0)], "tensor \"huge\" is too large"),
        (&[("bytes", &[1 << 62, 2], 0, 0)], "tensor \"bytes\" is too large"),
        (&[("far", &[4], 0, 1 << 40)], "tensor \"far\" (needs 16 bytes at"),
        (&[("farther", &[4], 0, u64::MAX)], "tensor \"farther\" lies outside the file"),
        (&[("long", &[17], 0, 0)], "tensor \"long\" (needs 68 bytes at"),
        (&[("one", &[8], 0, 0), ("two", &[8], 0, 16)], "tensors \"one\" and \"two\" overlap"),
        (&[("odd", &[33], 8, 0)], "a row of tensor \"odd\" is no whole number of blocks"),
        (&[("new", &[4], 99, 0)], "tensor \"new\" is of type 99, which is not supported"),
        (&[("deep", &[1, 1, 1, 1, 1], 0, 0)], "the dimensions of tensor \"deep\" is 5"),
    ];
    for (tensors, expected) in cases {
        let complaint = complaint(&header(&[], tensors));
        assert!(complaint.contains(expected), "{complaint}");
    }
    let twice: &[Row<'_>] = &[("a", &[4], 0, 0), ("a", &[4], 0, 32)];
    assert!(complaint(&header(&[], twice)).contains("tensor \"a\" appears twice"));
}

#[test]
fn metadata_that_cannot_be_is_refused_by_its_key() {
    // A list of one list of one list, and so on, and a list that claims more elements than there are.
    let nested = [9_u32.to_le_bytes().as_slice(), &1_u64.to_le_bytes()].concat().repeat(20);
    let cut =
        [9_u32.to_le_bytes().as_slice(), &9_u64.to_le_bytes(), &[4, 0, 0, 0], &(1_u64 << 20).to_le_bytes()]
            .concat();
    let endless = [4_u32.to_le_bytes().as_slice(), &(1_u64 << 40).to_le_bytes()].concat();
    let short = [4_u32.to_le_bytes().as_slice(), &(1_u64 << 20).to_le_bytes()].concat();
    let cases = [
        (vec![entry("k", 77, &[])], "metadata \"k\" is of unknown type 77"),
        (vec![entry("k", 9, &nested)], "metadata \"k\" nests lists too deeply"),
        (vec![entry("k", 9, &cut)], "ends early, in k"),
        (vec![entry("k", 9, &endless)], "the length of \"k\" is 1099511627776"),
        (vec![entry("k", 9, &short)], "ends early, in k"),
        (vec![entry("k", 8, &u64::MAX.to_le_bytes())], "the length of k is 18446744073709551615"),
        (vec![entry("k", 4, &[0; 4]), entry("k", 4, &[0; 4])], "metadata \"k\" appears twice"),
        (vec![], "metadata \"general.architecture\" is missing"),
        (vec![entry("general.architecture", 4, &[0; 4])], "\"general.architecture\" should be a text"),
    ];
    for (entries, expected) in cases {
        let complaint = complaint(&header(&entries, &[]));
        assert!(complaint.contains(expected), "{complaint}");
    }
}

/// A tensor of zeros.
fn zeros(shape: &[usize]) -> QTensor {
    QTensor::quantize(&Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap(), GgmlDType::F32)
        .unwrap()
}

impl TestModel {
    fn with_tensor(mut self, name: &str, shape: &[usize]) -> Self {
        self.tensors.insert(name.to_owned(), zeros(shape));
        self
    }
}

#[test]
fn a_model_of_impossible_or_unsupported_sizes_is_refused_by_what_is_wrong() {
    let phi3 = || TestModel::of("phi3", GgmlDType::F32, 64, 96);
    let llama = || TestModel::of("llama", GgmlDType::F32, 64, 96);
    let gemma = || TestModel::of("gemma3", GgmlDType::F32, 64, 96);
    let text = |s: &str| Value::String(s.to_owned());
    let many = |n: usize| Value::Array(vec![Value::U32(1); n]);
    let cases = [
        (llama().with("llama.attention.head_count", Value::U32(0)), "llama.attention.head_count\" is 0"),
        (
            llama().with("llama.attention.head_count_kv", Value::U32(3)),
            "4 heads and 3 key-value heads do not",
        ),
        (llama().with("llama.attention.head_count_kv", Value::U32(9)), "head_count_kv\" is 9; 1 to 4 is"),
        (
            llama().with("llama.attention.head_count", many(2)),
            "llama.attention.head_count\" should be a whole",
        ),
        (
            llama().with("llama.attention.key_length", Value::U32(24)),
            "\"blk.0.attn_q.weight\" has shape [64, 64]",
        ),
        (llama().with("llama.expert_count", Value::U32(8)), "it is a mixture of experts"),
        (llama().with("llama.rope.scaling.type", text("yarn")), "rope.scaling.type\" is \"yarn\""),
        (llama().with("llama.rope.scaling.factor", Value::F32(-1.0)), "rope.scaling.factor\" is -1"),
        (llama().with("llama.rope.freq_base", Value::F32(f32::NAN)), "freq_base\" should be a finite number"),
        (llama().with_tensor("rope_freqs.weight", &[8]), "\"rope_freqs.weight\" has factors that are no"),
        (llama().with_tensor("rope_freqs.weight", &[7]), "\"rope_freqs.weight\" has shape [7] where [8]"),
        (
            llama().with_tensor("blk.1.attn_sinks.weight", &[64]),
            "\"blk.1.attn_sinks.weight\" is not part of a llama model",
        ),
        (llama().with_tensor("blk.1.attn_q.bias", &[63]), "\"blk.1.attn_q.bias\" has shape [63]"),
        (
            TestModel::of("qwen2", GgmlDType::F32, 64, 96).without("blk.1.attn_v.bias"),
            "\"blk.1.attn_v.bias\" is missing",
        ),
        (
            llama().with_tensor("blk.0.ffn_gate.weight", &[64, 96]),
            "\"blk.0.ffn_gate.weight\" has shape [64, 96]",
        ),
        (llama().with_tensor("token_embd.weight", &[64]), "\"token_embd.weight\" has shape [64]"),
        (
            phi3().with_tensor("rope_factors_long.weight", &[8]),
            "tensor \"rope_factors_short.weight\" is missing",
        ),
        (phi3().with("phi3.rope.scaling.type", text("longrope")), "\"rope_factors_long.weight\" is missing"),
        (phi3().with("phi3.rope.dimension_count", Value::U32(17)), "rope.dimension_count\" is 17"),
        (gemma().with("gemma3.attention.key_length", Value::U32(0)), "attention.key_length\" is 0"),
        (gemma().with("gemma3.attention.key_length", Value::U32(64)), "value_length\" is 32 and"),
        (gemma().without("gemma3.attention.key_length"), "heads of two widths"),
        (
            gemma().with("gemma3.attention.head_count", Value::U32(2)),
            "\"blk.0.attn_q.weight\" has shape [128, 64]",
        ),
        (
            gemma().with("gemma3.attention.sliding_window_pattern", many(3)),
            "is for 3 layers, but the model has 2",
        ),
        (gemma().with("gemma3.final_logit_softcapping", Value::F32(0.0)), "final_logit_softcapping\" is 0"),
        (gemma().without("blk.1.post_ffw_norm.weight"), "\"blk.1.post_ffw_norm.weight\" is missing"),
        (gemma().without("blk.0.attn_k_norm.weight"), "\"blk.0.attn_k_norm.weight\" is missing"),
    ];
    for (model, expected) in cases {
        let complaint = complaint(&model.bytes());
        assert!(complaint.contains(expected), "{complaint}");
    }
}
