//! The two callbacks of whisper.cpp: to check whether a job was cancelled, and to log. The only unsafe code
//! of this engine.
//!
//! The ways of whisper-rs are not used. `set_abort_callback_safe` (0.16) boxes the closure twice and reads it
//! back as if boxed once, so a closure that captures anything reads wrong memory; it also frees nothing.
//! `install_logging_hooks` logs a cancelled job as an error.
#![allow(unsafe_code, reason = "callbacks from C")]

use std::ffi::{CStr, c_char, c_void};
use std::sync::Once;

use whisper_rs::whisper_rs_sys::{ggml_log_level, ggml_log_set, whisper_log_set};
use whisper_rs::{FullParams, WhisperError, WhisperState};

use crate::engine::CancelFlag;

/// Transcribes `audio` unless `cancel` is set. whisper.cpp checks the flag after the encoder and after each
/// token, but not within the encoder.
pub(super) fn full(
    state: &mut WhisperState,
    mut params: FullParams<'_, '_>,
    audio: &[f32],
    cancel: &CancelFlag,
) -> Result<(), WhisperError> {
    // SAFETY: `cancelled` takes a pointer to a CancelFlag and gets one. It is only called during `full`
    // below, and the flag is borrowed for longer than that. whisper.cpp keeps neither, since it copies the
    // parameters for this one call. Reading an atomic is fine from any thread.
    unsafe {
        params.set_abort_callback(Some(cancelled));
        params.set_abort_callback_user_data(std::ptr::from_ref(cancel).cast_mut().cast());
    }
    state.full(params, audio)
}

unsafe extern "C" fn cancelled(flag: *mut c_void) -> bool {
    // SAFETY: only `full` above passes this function on, with a borrowed CancelFlag.
    unsafe { flag.cast::<CancelFlag>().as_ref() }.is_some_and(CancelFlag::is_cancelled)
}

/// Sends the messages of whisper.cpp and ggml to `tracing`, under the target `whisper.cpp`, at DEBUG: they
/// call a cancelled job an error, and log a lot at INFO.
pub(super) fn log_through_tracing() {
    static ONCE: Once = Once::new();
    // SAFETY: the function has the type that both expect, and needs no user data.
    ONCE.call_once(|| unsafe {
        whisper_log_set(Some(log), std::ptr::null_mut());
        ggml_log_set(Some(log), std::ptr::null_mut());
    });
}

unsafe extern "C" fn log(_level: ggml_log_level, text: *const c_char, _: *mut c_void) {
    if !text.is_null() {
        // SAFETY: whisper.cpp and ggml both log C strings, which live at least as long as the call.
        let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
        let text = text.trim();
        if !text.is_empty() {
            tracing::debug!(target: "whisper.cpp", "{text}");
        }
    }
}
