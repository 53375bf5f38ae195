// `levictl doctor`: can this machine run, break and believe? One line per check, with the mend.
#pragma once

namespace levi::cli {

// 0: nothing that hinders; 1: something does. Warnings do not change the code.
int doctor_command(bool json);

}  // namespace levi::cli
