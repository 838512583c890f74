//! The kernels against a plain reference: weights as candle unpacks them, sums in 64 bits.

use proptest::prelude::*;
use stored::{Stored, packed};

use super::super::test_model::Random;
use super::activation::gated;
use super::codes::BLOCK;
use super::format::Form;
use super::isa::Isa;
use super::*;

mod stored;

const KINDS: [TensorType; 15] = [
    TensorType::F32,
    TensorType::F16,
    TensorType::BF16,
    TensorType::Q4_0,
    TensorType::Q4_1,
    TensorType::Q5_0,
    TensorType::Q5_1,
    TensorType::Q8_0,
    TensorType::Q2K,
    TensorType::Q3K,
    TensorType::Q4K,
    TensorType::Q5K,
    TensorType::Q6K,
    TensorType::Iq4Nl,
    TensorType::Iq4Xs,
];

/// Every instruction set of this machine, with one thread and with helpers.
fn all_kernels() -> Vec<Kernels> {
    Isa::all_here()
        .flat_map(|isa| [1, 3].map(|threads| Kernels { isa: Some(isa), workers: ThreadPool::new(threads) }))
        .collect()
}

/// The quantised inputs: whole numbers times one scale for every `span` of them.
fn quantised(row: &[f32], span: usize) -> Vec<f64> {
    let each = row.chunks(span).flat_map(|block| {
        let largest = block.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let scale = largest / 127.0;
        let code = move |x: &f32| if scale == 0.0 { 0.0 } else { (x * (1.0 / scale)).round_ties_even() };
        block.iter().map(move |x| f64::from(code(x)) * f64::from(scale))
    });
    each.collect()
}

/// Checks a product of every kernel against sums of quantised and of exact inputs.
fn check(stored: &Stored, x: &[f32], rows: usize) -> Result<(), TestCaseError> {
    let (weights, inputs, outputs) = (stored.weights(), stored.inputs, stored.outputs);
    let form = stored.kind.form();
    let mut results: Vec<Vec<f32>> = Vec::new();
    for kernels in all_kernels() {
        let (_duty, matrix) = (kernels.on_duty(), stored.packed(&kernels));
        results.push(kernels.multiply(matrix.whole(), &QuantizedInput::new(x.to_vec(), inputs)));
        // A row alone gives the same result.
        let alone = kernels.multiply(matrix.whole(), &QuantizedInput::new(x[..inputs].to_vec(), inputs));
        prop_assert_eq!(&alone[..], &results[results.len() - 1][..outputs]);
    }
    for result in &results {
        prop_assert_eq!(result.len(), rows * outputs);
        prop_assert_eq!(result, &results[0], "all instructions give the same bits");
    }
    let Some(result) = results.first() else { return Ok(()) };
    for (x, result) in x.chunks_exact(inputs).zip(result.chunks_exact(outputs)) {
        let coarse = match form {
            Form::Float => x.iter().map(|x| f64::from(*x)).collect(),
            Form::Flat { .. } | Form::Affine | Form::Nested { .. } | Form::Looked => {
                quantised(x, form.span())
            }
        };
        for (weights, result) in weights.chunks_exact(inputs).zip(result) {
            let (mut sum, mut exact, mut all, mut allowed) = (0.0, 0.0, 0.0, 0.0);
            for (i, w) in weights.iter().enumerate() {
                let (w, block) = (f64::from(*w), i / form.span() * form.span());
                sum += w * coarse[i];
                exact += w * f64::from(x[i]);
                all += (w * coarse[i]).abs();
                let largest = x[block..block + form.span()].iter().fold(0.0_f32, |most, x| most.max(x.abs()));
                // Half a step, and a margin for floats that round the other way.
                allowed += w.abs() * f64::from(largest) / 254.0 * 1.0001;
            }
            // Minima are added or subtracted at the end, so the sums before may be larger than the result.
            let rounding = (all + minima(stored.kind, weights, x)) * 1e-5 + 1e-6;
            let result = f64::from(*result);
            prop_assert!((result - exact).abs() <= allowed + rounding, "{result} is not near {exact}");
            prop_assert!((result - sum).abs() <= rounding, "{result} is not {sum}");
        }
    }
    Ok(())
}

/// How large sums may grow before minima are subtracted.
fn minima(kind: TensorType, weights: &[f32], x: &[f32]) -> f64 {
    let largest = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    match kind.form() {
        Form::Nested { .. } | Form::Affine => {
            f64::from(largest) * 4.0 * x.iter().map(|x| f64::from(x.abs())).sum::<f64>()
        }
        Form::Flat { .. } | Form::Looked | Form::Float => 0.0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_product_is_that_of_a_plain_sum_whatever_the_type_the_shape_and_the_instructions(
        kind in proptest::sample::select(&KINDS[..]),
        rows in 1_usize..28,
        outputs in 16_usize..90,
        blocks in 1_usize..6,
        seed in any::<u64>(),
    ) {
        let stored = Stored::random(kind, outputs, blocks, seed);
        let x = Random(seed ^ 0x5555 | 1).numbers(rows * stored.inputs);
        check(&stored, &x, rows)?;
    }
}

#[test]
fn every_number_of_rows_around_a_tile_gives_the_same_row() {
    for kind in KINDS {
        let stored = Stored::random(kind, 19, 2, 7);
        let row = Random(3).numbers(stored.inputs);
        for kernels in all_kernels() {
            let (_duty, matrix) = (kernels.on_duty(), stored.packed(&kernels));
            let alone = kernels.multiply(matrix.whole(), &QuantizedInput::new(row.clone(), stored.inputs));
            for rows in 1..=40 {
                let all =
                    kernels.multiply(matrix.whole(), &QuantizedInput::new(row.repeat(rows), stored.inputs));
                assert_eq!(all, alone.repeat(rows), "{kind:?}, {rows} rows");
            }
        }
    }
}

#[test]
fn the_largest_codes_and_inputs_do_not_overflow() {
    for kind in KINDS {
        for byte in [0x00, 0x7f, 0x80, 0xff] {
            let stored = Stored::filled(kind, 17, 3, 11, |_| byte);
            for sign in [1.0, -1.0] {
                check(&stored, &vec![sign; 2 * stored.inputs], 2).unwrap();
            }
        }
    }
}

#[test]
fn a_matrix_of_many_panels_is_the_same_with_helpers_and_alone() {
    for kind in [TensorType::Q8_0, TensorType::Q4K, TensorType::F16] {
        let stored = Stored::random(kind, 1003, 8, 21);
        let x = Random(9).numbers(30 * stored.inputs);
        for rows in [1, 30] {
            check(&stored, &x[..rows * stored.inputs], rows).unwrap();
        }
    }
}

#[test]
fn a_section_of_a_matrix_gives_those_outputs_and_no_others() {
    let stored = Stored::random(TensorType::Q5K, 90, 2, 5);
    let x = Random(4).numbers(14 * stored.inputs);
    for kernels in all_kernels() {
        let (_duty, matrix) = (kernels.on_duty(), stored.packed(&kernels));
        let whole = kernels.multiply(matrix.whole(), &QuantizedInput::new(x.clone(), stored.inputs));
        for outputs in [0..16, 16..48, 48..90, 32..41, 64..65] {
            let section = matrix.section(outputs.clone()).unwrap();
            let part = kernels.multiply(section, &QuantizedInput::new(x.clone(), stored.inputs));
            let expected: Vec<f32> =
                whole.chunks_exact(90).flat_map(|row| &row[outputs.clone()]).copied().collect();
            assert_eq!(part, expected, "{outputs:?}");
        }
        assert!(matrix.section(8..24).is_none() && matrix.section(80..91).is_none());
    }
}

#[test]
fn gated_products_are_the_gate_of_both_products_also_of_different_types() {
    for (kinds, outputs) in
        [([TensorType::Q8_0, TensorType::Q8_0], 83), ([TensorType::Q4K, TensorType::Q5_0], 64)]
    {
        let blocks = kinds.map(|kind| 512 / kind.span());
        let stored = [0, 1].map(|i| Stored::random(kinds[i], outputs, blocks[i], 3 + i as u64));
        for (rows, activation) in [(1, Activation::Gelu), (29, Activation::Silu)] {
            for kernels in all_kernels() {
                let input = QuantizedInput::new(Random(8).numbers(rows * 512), 512);
                let (_duty, [gate, up]) = (kernels.on_duty(), [0, 1].map(|i| stored[i].packed(&kernels)));
                let [left, right] = [&gate, &up].map(|matrix| kernels.multiply(matrix.whole(), &input));
                let mut expected = vec![0.0; left.len()];
                gated(activation, &left, &right, &mut expected);
                let both = kernels.gated(gate.whole(), up.whole(), activation, &input);
                for (a, b) in both.iter().zip(&expected) {
                    // Where the processor can, it rounds a product and a sum only once.
                    assert!((a - b).abs() <= 1e-5 * b.abs().max(1e-3), "{a} {b}");
                }
                assert_eq!(both.len(), expected.len());
            }
        }
    }
}

#[test]
fn instructions_that_are_not_here_are_refused_by_name() {
    for choice in KernelChoice::ALL {
        assert_eq!(KernelChoice::named(choice.name()), Some(choice));
        match Kernels::new(choice, 1) {
            Ok(kernels) => assert!(choice == KernelChoice::Auto || kernels.choice() == choice),
            Err(problem) => {
                assert!(problem.contains(choice.name()) && problem.contains("\"auto\""), "{problem}")
            }
        }
    }
}

#[test]
fn nothing_comes_of_nothing_and_what_is_no_number_stays_none() {
    for kind in KINDS {
        let stored = Stored::random(kind, 16, 1, 5);
        for kernels in all_kernels() {
            let matrix = stored.packed(&kernels);
            assert!(
                kernels.multiply(matrix.whole(), &QuantizedInput::new(Vec::new(), stored.inputs)).is_empty()
            );
            let zeros = kernels
                .multiply(matrix.whole(), &QuantizedInput::new(vec![0.0; stored.inputs], stored.inputs));
            assert!(zeros.iter().all(|x| *x == 0.0));
            let tiny = kernels
                .multiply(matrix.whole(), &QuantizedInput::new(vec![1e-39; stored.inputs], stored.inputs));
            assert!(tiny.iter().all(|x| x.is_finite()));
            for bad in [f32::NAN, f32::INFINITY] {
                let mut x = vec![1.0; 2 * stored.inputs];
                x[3] = bad;
                let result = kernels.multiply(matrix.whole(), &QuantizedInput::new(x, stored.inputs));
                let (first, second) = result.split_at(16);
                assert!(first.iter().all(|x| !x.is_finite()), "{kind:?}, {bad}");
                assert!(second.iter().all(|x| x.is_finite()));
            }
        }
    }
}

/// Fault: an embedding table that is also the output matrix was in memory twice, or stayed in a file that
/// others can write to.
#[test]
fn a_row_that_is_taken_out_of_its_panel_has_the_weights_of_the_file() {
    let kernels = Kernels::new(KernelChoice::Auto, 2).unwrap();
    if kernels.isa.is_none() {
        return;
    }
    for (seed, kind) in (1..).zip(KINDS) {
        // The last panel is not full.
        let stored = Stored::random(kind, 37, 3, seed);
        let (matrix, weights) = (stored.packed(&kernels), stored.weights());
        for (output, row) in weights.chunks_exact(stored.inputs).enumerate() {
            assert_eq!(matrix.row(output).unwrap(), row, "{kind:?}, row {output}");
        }
        assert!(matrix.row(37).is_none() && matrix.row(48).is_none());
    }
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_an_error_and_no_matrix_of_zeros() {
    let kernels = Kernels::new(KernelChoice::Auto, 2).unwrap();
    let read = |at: usize, _: &mut [u8]| match at {
        0 => Ok(()),
        _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
    };
    let source = Source { bytes: 64 * 34, read: &read };
    let packed = kernels.pack(TensorType::Q8_0, source, 64, BLOCK);
    assert_eq!(packed.is_err(), Isa::best().is_some());
}

#[test]
fn what_there_are_no_kernels_for_is_left_to_candle() {
    let kernels = Kernels::new(KernelChoice::Auto, 1).unwrap();
    let bytes = vec![0; 16 * 34];
    // Rows that are not whole blocks, and missing bytes.
    assert!(packed(&kernels, TensorType::Q8_0, &bytes, 16, BLOCK + 1).is_none());
    assert!(packed(&kernels, TensorType::F16, &bytes, 16, 17).is_none());
    assert!(packed(&kernels, TensorType::Q8_0, &bytes[..16 * 34 - 1], 16, BLOCK).is_none());
    assert!(packed(&kernels, TensorType::Q4K, &bytes[..16 * 18], 16, BLOCK).is_none());
    // Fewer outputs than a panel holds.
    assert!(packed(&kernels, TensorType::Q8_0, &bytes[..15 * 34], 15, BLOCK).is_none());
    let whole = |kernels: &Kernels| packed(kernels, TensorType::Q8_0, &bytes, 16, BLOCK).is_some();
    assert_eq!(whole(&kernels), Isa::best().is_some());
    assert!(!whole(&Kernels::new(KernelChoice::Candle, 1).unwrap()));
}

#[test]
fn rows_of_another_width_are_not_read_beyond_their_end() {
    let kernels = Kernels::new(KernelChoice::Auto, 1).unwrap();
    // A machine without kernels has nothing that could read them.
    if kernels.isa.is_none() {
        return;
    }
    let stored = Stored::random(TensorType::Q8_0, 16, 2, 1);
    let input = QuantizedInput::new(vec![0.0; BLOCK], BLOCK);
    let multiply = || kernels.multiply(stored.packed(&kernels).whole(), &input);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(multiply)).unwrap_err();
    let told = panic
        .downcast_ref::<String>()
        .map_or_else(|| panic.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(), String::clone);
    assert!(told.contains("as many numbers as a row of the matrix has"), "{told}");
}
