// How ganserve-trainer ends, for itself and for the server that acts on it. docs/training.md lists them.
#pragma once

namespace ganserve {

inline constexpr int kTrainerFinished = 0;
inline constexpr int kTrainerError = 1;  // another attempt may get past it
inline constexpr int kTrainerUsageError = 2;
inline constexpr int kTrainerStopped = 3;         // by a signal or by a server, after a checkpoint
inline constexpr int kTrainerPermanentError = 4;  // it comes again however often the same is tried
inline constexpr int kTrainerOutOfDisk = 5;       // nothing is lost and the job can go on
inline constexpr int kTrainerExists = 6;          // what was to be created
inline constexpr int kTrainerNotFound = 7;        // the checkpoint to export

}  // namespace ganserve
