//! The smallest model files that are read to their ends: GGUF for the language model, GGML for Whisper. Must
//! not know how they are read.

/// Writes a text of GGUF: its length and its bytes.
fn text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

/// The value of an entry of the metadata.
enum Entry<'a> {
    Count(u32),
    Number(f32),
    Flag(bool),
    Text(&'a str),
    Texts(Vec<String>),
    Scores(usize),
    Kinds(Vec<i32>),
}

fn entry(file: &mut Vec<u8>, key: &str, entry: &Entry<'_>) {
    text(file, key);
    let mut head = |kind: u32| file.extend(kind.to_le_bytes());
    match entry {
        Entry::Count(n) => {
            head(4);
            file.extend(n.to_le_bytes());
        }
        Entry::Number(x) => {
            head(6);
            file.extend(x.to_le_bytes());
        }
        Entry::Flag(flag) => {
            head(7);
            file.push(u8::from(*flag));
        }
        Entry::Text(value) => {
            head(8);
            text(file, value);
        }
        Entry::Texts(texts) => {
            head(9);
            head_of_array(file, 8, texts.len());
            texts.iter().for_each(|value| text(file, value));
        }
        Entry::Scores(length) => {
            head(9);
            head_of_array(file, 6, *length);
            (0..*length).for_each(|n| file.extend((-(n as f32)).to_le_bytes()));
        }
        Entry::Kinds(kinds) => {
            head(9);
            head_of_array(file, 5, kinds.len());
            kinds.iter().for_each(|kind| file.extend(kind.to_le_bytes()));
        }
    }
}

fn head_of_array(file: &mut Vec<u8>, kind: u32, length: usize) {
    file.extend(kind.to_le_bytes());
    file.extend((length as u64).to_le_bytes());
}

const WIDTH: u64 = 32;

/// Language models of one layer, of all architectures, with and without a template.
pub fn gguf() -> Vec<Vec<u8>> {
    let template = "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>\n{{ m['content'].strip() }}<|end|>\n\
                    {% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}";
    vec![
        language_model("phi3", Some(template)),
        language_model("phi3", None),
        language_model("llama", None),
        language_model("gemma3", None),
    ]
}

fn language_model(architecture: &str, template: Option<&str>) -> Vec<u8> {
    let mut tokens: Vec<(String, i32)> = vec![
        ("<unk>".into(), 2),
        ("<s>".into(), 3),
        ("<|end|>".into(), 3),
        ("<|user|>".into(), 4),
        ("\n\n".into(), 4),
    ];
    tokens.extend((0..=255_u8).map(|byte| (format!("<0x{byte:02X}>"), 6)));
    tokens.extend(["\u{2581}", "H", "i", "he", "ll", "\u{2581}Hi"].map(|text| (text.to_owned(), 1)));
    let rows = tokens.len() as u64;
    let kinds = tokens.iter().map(|(_, kind)| *kind).collect();
    let sized = |rest: &str| format!("{architecture}.{rest}");
    let mut entries = vec![
        ("general.architecture".to_owned(), Entry::Text(architecture)),
        (sized("context_length"), Entry::Count(64)),
        (sized("embedding_length"), Entry::Count(32)),
        (sized("block_count"), Entry::Count(1)),
        (sized("feed_forward_length"), Entry::Count(32)),
        (sized("attention.head_count"), Entry::Count(2)),
        (sized("attention.head_count_kv"), Entry::Count(2)),
        (sized("attention.sliding_window"), Entry::Count(16)),
        (sized("attention.layer_norm_rms_epsilon"), Entry::Number(1e-5)),
        (sized("rope.dimension_count"), Entry::Count(16)),
        (sized("rope.freq_base"), Entry::Number(10_000.0)),
        ("tokenizer.ggml.model".to_owned(), Entry::Text("llama")),
        ("tokenizer.ggml.scores".to_owned(), Entry::Scores(tokens.len())),
        (
            "tokenizer.ggml.tokens".to_owned(),
            Entry::Texts(tokens.into_iter().map(|(text, _)| text).collect()),
        ),
        ("tokenizer.ggml.token_type".to_owned(), Entry::Kinds(kinds)),
        ("tokenizer.ggml.bos_token_id".to_owned(), Entry::Count(1)),
        ("tokenizer.ggml.eos_token_id".to_owned(), Entry::Count(2)),
        ("tokenizer.ggml.add_bos_token".to_owned(), Entry::Flag(true)),
    ];
    if architecture == "gemma3" {
        entries.push((sized("attention.key_length"), Entry::Count(16)));
        entries.push((sized("attention.value_length"), Entry::Count(16)));
        entries.push((sized("final_logit_softcapping"), Entry::Number(30.0)));
    }
    entries.extend(template.map(|source| ("tokenizer.chat_template".to_owned(), Entry::Text(source))));
    let mut tensors = vec![
        ("token_embd.weight", vec![WIDTH, rows]),
        ("output_norm.weight", vec![WIDTH]),
        ("blk.0.attn_norm.weight", vec![WIDTH]),
        ("blk.0.ffn_norm.weight", vec![WIDTH]),
        ("blk.0.attn_output.weight", vec![WIDTH, WIDTH]),
        ("blk.0.ffn_down.weight", vec![WIDTH, WIDTH]),
    ];
    if architecture == "gemma3" {
        let after = ["blk.0.post_attention_norm.weight", "blk.0.post_ffw_norm.weight"];
        tensors.extend(after.map(|name| (name, vec![WIDTH])));
        tensors.extend(["blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight"].map(|name| (name, vec![16])));
    }
    let matrices: &[(&str, u64)] = if architecture == "phi3" {
        &[("blk.0.attn_qkv.weight", 3), ("blk.0.ffn_up.weight", 2)]
    } else {
        &[
            ("blk.0.attn_q.weight", 1),
            ("blk.0.attn_k.weight", 1),
            ("blk.0.attn_v.weight", 1),
            ("blk.0.ffn_gate.weight", 1),
            ("blk.0.ffn_up.weight", 1),
        ]
    };
    tensors.extend(matrices.iter().map(|(name, times)| (*name, vec![WIDTH, times * WIDTH])));
    let mut file = b"GGUF".to_vec();
    file.extend(3_u32.to_le_bytes());
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend((entries.len() as u64).to_le_bytes());
    entries.iter().for_each(|(key, value)| entry(&mut file, key, value));
    let mut data = Vec::new();
    for (name, shape) in tensors {
        text(&mut file, name);
        file.extend(u32::try_from(shape.len()).unwrap().to_le_bytes());
        shape.iter().for_each(|n| file.extend(n.to_le_bytes()));
        // Vectors as 32-bit floats, matrices in blocks of 32 (Q8_0: a scale of 16 bits, 32 bytes).
        let rows = if shape.len() == 1 { None } else { shape.get(1) };
        file.extend(if rows.is_some() { 8_u32 } else { 0 }.to_le_bytes());
        file.extend((data.len() as u64).to_le_bytes());
        match rows {
            None => (0..WIDTH).for_each(|_| data.extend(1_f32.to_le_bytes())),
            Some(rows) => (0..*rows).for_each(|row| {
                data.extend([0, 0x20]);
                data.extend((0..32_u64).map(|n| (row * 7 + n * 13).to_le_bytes()[0]));
            }),
        }
        data.resize(data.len().next_multiple_of(32), 0);
    }
    file.resize(file.len().next_multiple_of(32), 0);
    file.extend(data);
    file
}

/// The head of a Whisper model with a vocabulary of two, and two tensors.
pub fn whisper() -> Vec<Vec<u8>> {
    let mut numbers = vec![0x6767_6d6c, 51_864, 1500, 192, 3, 4, 448, 192, 3, 2, 80, 1, 80, 201];
    numbers.extend([0; 80 * 201]);
    let mut file: Vec<u8> = numbers.iter().flat_map(|n: &u32| n.to_le_bytes()).collect();
    file.extend([2, 0, 0, 0, 1, 0, 0, 0, b'a', 2, 0, 0, 0, b'b', b'c']);
    for kind in [1_u32, 8] {
        file.extend([2_u32, 1, kind, 32, 2].iter().flat_map(|n| n.to_le_bytes()));
        let bytes = if kind == 1 { 128 } else { 68 };
        file.extend(vec![b'w'; 1 + bytes]);
    }
    vec![file]
}

#[test]
fn the_models_are_read_to_their_ends() {
    use offhook::engine::{llm, whisper};
    for model in gguf() {
        let path = std::env::temp_dir().join(format!("offhook-seed-{}.gguf", std::process::id()));
        std::fs::write(&path, model).unwrap();
        let loaded = llm::load(&llm::LlmOptions {
            model: path.clone(),
            threads: 1,
            kernels: llm::KernelChoice::Auto,
            context_tokens: 64,
            cache_mb: 64,
            chat_template: None,
            thinking: false,
            date: || std::time::Duration::ZERO,
        });
        std::fs::remove_file(path).unwrap();
        assert!(loaded.is_ok(), "{}", loaded.err().unwrap());
    }
    for model in self::whisper() {
        let length = model.len() as u64;
        assert_eq!(whisper::look_over(std::io::Cursor::new(model), length), Ok(()));
    }
}

/// The smallest ONNX file that has what is looked for in a Piper voice: the first convolution of its decoder,
/// and the rounding of its durations.
pub fn piper() -> Vec<u8> {
    let field = |number: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        [&[number << 3 | 2, length], content].concat()
    };
    let node = |inputs: &[&str], output: &str, kind: &str| {
        let inputs: Vec<u8> = inputs.iter().flat_map(|name| field(1, name.as_bytes())).collect();
        field(1, &[inputs, field(2, output.as_bytes()), field(4, kind.as_bytes())].concat())
    };
    let graph = [node(&["z", "dec.conv_pre.weight"], "a", "Conv"), node(&["w"], "ceil", "Ceil")];
    field(7, &graph.concat())
}
