// levi-engine: started by levid only (engine_process.h).
#include "core/engine/engine_process.h"

int main() { return levi::engine::run_engine(); }
