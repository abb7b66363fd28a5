// How ganserve-eval ends, for itself and for the server that acts on it. docs/evaluation.md lists them.
#pragma once

namespace ganserve {

inline constexpr int kEvalDone = 0;
inline constexpr int kEvalError = 1;
inline constexpr int kEvalUsageError = 2;
inline constexpr int kEvalBadInput = 4;  // a model, data or an extractor that is missing, broken or does not fit
inline constexpr int kEvalExists = 6;    // the folder to create
inline constexpr int kEvalWorse = 8;     // the model is, than that of --against

}  // namespace ganserve
