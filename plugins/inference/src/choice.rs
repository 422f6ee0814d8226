//! Which executor runs a net: decided once, from the adapter and from measured times, and said.

use std::fmt;
use std::time::Duration;

/// What runs a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExecutorKind {
    /// Shaders, on the GPU that has the picture.
    Gpu,
    /// candle: on the CPU, or on CUDA or Metal where it was built with them.
    Candle,
}

impl fmt::Display for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gpu => "gpu",
            Self::Candle => "candle",
        })
    }
}

/// What an app says about where a net runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ExecutorChoice {
    /// On the GPU; on candle where the adapter is software, where the GPU cannot, or where it was measured to be faster.
    #[default]
    Auto,
    /// On the GPU or not at all.
    Gpu,
    /// On candle or not at all.
    Candle,
}

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What runs the net.
    pub executor: ExecutorKind,
    /// Why, as a sentence.
    pub why: String,
    /// What an inference was measured to take on the GPU, if it was.
    pub gpu: Option<Duration>,
    /// What it was measured to take on candle, if it was.
    pub candle: Option<Duration>,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.executor, self.why)?;
        for (name, time) in [("gpu", self.gpu), ("candle", self.candle)] {
            if let Some(time) = time {
                write!(f, "; {name} {:.2} ms", time.as_secs_f64() * 1e3)?;
            }
        }
        Ok(())
    }
}

/// An inference on the GPU that takes no longer is not compared with candle: the picture is there already.
pub(crate) const SHORT: Duration = Duration::from_millis(5);

/// Whether candle's time is worth measuring as well.
pub(crate) fn is_candle_worth_trying(choice: ExecutorChoice, gpu: Option<Duration>) -> bool {
    match choice {
        ExecutorChoice::Gpu => false,
        ExecutorChoice::Candle => true,
        ExecutorChoice::Auto => gpu.is_none_or(|gpu| gpu > SHORT),
    }
}

/// Whether the GPU is to be tried at all.
pub(crate) fn is_gpu_worth_trying(choice: ExecutorChoice, adapter_is_software: bool) -> bool {
    match choice {
        ExecutorChoice::Gpu => true,
        ExecutorChoice::Candle => false,
        ExecutorChoice::Auto => !adapter_is_software,
    }
}

/// Decides. `gpu` and `candle` are what was measured, or why it could not be; `None` where it was not tried.
///
/// # Errors
///
/// Why neither can run it.
pub(crate) fn decide(
    choice: ExecutorChoice,
    adapter: &str,
    gpu: Option<Result<Duration, String>>,
    candle: Option<Result<Duration, String>>,
) -> Result<Choice, String> {
    let time = |tried: &Option<Result<Duration, String>>| tried.as_ref().and_then(|tried| tried.as_ref().ok().copied());
    let (gpu_time, candle_time) = (time(&gpu), time(&candle));
    let failure = |tried: Option<Result<Duration, String>>| tried.and_then(Result::err);
    let decided = |executor, why| Ok(Choice { executor, why, gpu: gpu_time, candle: candle_time });
    match (choice, gpu_time, candle_time) {
        (ExecutorChoice::Gpu, Some(_), _) => decided(ExecutorKind::Gpu, "the app says so".to_owned()),
        (ExecutorChoice::Candle, _, Some(_)) => decided(ExecutorKind::Candle, "the app says so".to_owned()),
        (_, Some(gpu), Some(candle)) if candle < gpu => {
            decided(ExecutorKind::Candle, format!("measured to be faster than `{adapter}`"))
        }
        (_, Some(_), Some(_)) => decided(ExecutorKind::Gpu, "measured to be faster".to_owned()),
        (_, Some(_), None) => decided(ExecutorKind::Gpu, format!("the picture is on `{adapter}`")),
        (_, None, Some(_)) => match failure(gpu) {
            Some(why) => decided(ExecutorKind::Candle, format!("`{adapter}` cannot: {why}")),
            None => decided(ExecutorKind::Candle, format!("`{adapter}` is software")),
        },
        (_, None, None) => {
            let reasons: Vec<String> = [("gpu", failure(gpu)), ("candle", failure(candle))]
                .into_iter()
                .filter_map(|(name, why)| Some(format!("{name}: {}", why?)))
                .collect();
            Err(reasons.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Option<Result<Duration, String>> {
        Some(Ok(Duration::from_millis(ms)))
    }

    fn executor(
        choice: ExecutorChoice,
        gpu: Option<Result<Duration, String>>,
        candle: Option<Result<Duration, String>>,
    ) -> Option<ExecutorKind> {
        decide(choice, "card", gpu, candle).ok().map(|choice| choice.executor)
    }

    #[test]
    fn the_faster_one_runs_it_and_what_the_app_says_goes_before() {
        use ExecutorChoice::{Auto, Candle, Gpu};
        assert_eq!(executor(Auto, ms(1), None), Some(ExecutorKind::Gpu));
        assert_eq!(executor(Auto, ms(20), ms(30)), Some(ExecutorKind::Gpu));
        assert_eq!(executor(Auto, ms(30), ms(20)), Some(ExecutorKind::Candle));
        assert_eq!(executor(Auto, None, ms(20)), Some(ExecutorKind::Candle));
        assert_eq!(executor(Gpu, ms(30), ms(20)), Some(ExecutorKind::Gpu));
        assert_eq!(executor(Candle, ms(1), ms(20)), Some(ExecutorKind::Candle));
    }

    #[test]
    fn a_gpu_that_cannot_is_named_and_not_silently_replaced() {
        let failed = || Some(Err("layer `fc` is too large".to_owned()));
        let choice = decide(ExecutorChoice::Auto, "card", failed(), ms(3)).unwrap();
        assert_eq!(choice.executor, ExecutorKind::Candle);
        assert!(choice.to_string().contains("layer `fc` is too large"), "{choice}");
        assert_eq!(decide(ExecutorChoice::Gpu, "card", failed(), None).unwrap_err(), "gpu: layer `fc` is too large");
    }

    #[test]
    fn software_adapters_are_not_asked_to_run_nets() {
        assert!(!is_gpu_worth_trying(ExecutorChoice::Auto, true) && is_gpu_worth_trying(ExecutorChoice::Gpu, true));
        assert!(is_candle_worth_trying(ExecutorChoice::Auto, Some(Duration::from_millis(50))));
        assert!(!is_candle_worth_trying(ExecutorChoice::Auto, Some(Duration::from_millis(1))));
    }
}
