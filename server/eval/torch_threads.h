#pragma once

namespace ganserve {

// How many threads torch uses for one operation of the calling thread. Results may differ between numbers by rounding.
void UseTorchThreads(int threads);

}  // namespace ganserve
