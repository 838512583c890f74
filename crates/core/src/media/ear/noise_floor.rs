//! The level of the noise under the caller's voice, and noise of that level to put in place of what is taken
//! out. Must not know speech or echo.

use super::power::of_dbfs;

/// The windows whose quietest frames are remembered: 3 of 1 s. Every three seconds of speech have a pause.
const WINDOWS: usize = 3;
const WINDOW: u32 = 50;

/// The loudest noise that is believed, in dBFS: what is louder all the time is a voice without pauses.
const LOUDEST_DBFS: f32 = -45.0;

/// The peak of noise that is spread evenly, over its root mean square.
const PEAK: f32 = 1.732;

/// The floor of a stream of frames (minimum statistics, as in R. Martin, 2001, without its bias: a floor that
/// is a little low does no harm here).
#[derive(Debug)]
pub(super) struct NoiseFloor {
    minima: [f32; WINDOWS],
    current: f32,
    frames: u32,
    /// The state of a linear congruential generator: the noise need not be unpredictable.
    seed: u32,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self { minima: [f32::MAX; WINDOWS], current: f32::MAX, frames: 0, seed: 1 }
    }
}

impl NoiseFloor {
    /// Notes the power of a frame of 20 ms.
    pub(super) fn hear(&mut self, power: f32) {
        self.current = self.current.min(power);
        self.frames += 1;
        if self.frames >= WINDOW {
            self.minima.rotate_left(1);
            if let Some(newest) = self.minima.last_mut() {
                *newest = self.current;
            }
            self.current = f32::MAX;
            self.frames = 0;
        }
    }

    /// The power of the noise; 0 before anything was heard.
    #[must_use]
    pub(super) fn power(&self) -> f32 {
        let lowest = self.minima.iter().copied().fold(self.current, f32::min);
        if lowest < f32::MAX { lowest.min(of_dbfs(LOUDEST_DBFS)) } else { 0.0 }
    }

    /// A generator of samples of white noise at the floor's level.
    pub(super) fn comfort(&mut self) -> impl FnMut() -> f32 {
        let peak = self.power().sqrt() * PEAK;
        let seed = &mut self.seed;
        move || {
            // Numerical Recipes, "an even quicker generator"; the upper bits are the better ones.
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((*seed >> 8) as f32 / (1 << 23) as f32 - 1.0) * peak
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::power::power;
    use super::*;

    #[test]
    fn the_floor_is_the_quietest_of_the_last_three_seconds() {
        let mut floor = NoiseFloor::default();
        assert_eq!(floor.power(), 0.0);
        floor.hear(100.0);
        (0..140).for_each(|_| floor.hear(5000.0));
        assert_eq!(floor.power(), 100.0);
        (0..60).for_each(|_| floor.hear(5000.0));
        assert_eq!(floor.power(), 5000.0);
        (0..200).for_each(|_| floor.hear(1e8));
        assert_eq!(floor.power(), of_dbfs(LOUDEST_DBFS));
    }

    #[test]
    fn comfort_noise_has_the_level_of_the_floor_and_silence_has_none() {
        let mut floor = NoiseFloor::default();
        floor.hear(400.0);
        let noise: Vec<f32> = std::iter::repeat_with(floor.comfort()).take(8000).collect();
        assert!((power(&noise) - 400.0).abs() < 20.0, "{}", power(&noise));
        floor.hear(0.0);
        assert!(std::iter::repeat_with(floor.comfort()).take(100).all(|sample| sample == 0.0));
    }
}
