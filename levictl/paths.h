// Where levictl keeps its own things.
#pragma once

#include <string>

namespace levi::cli {

std::string state_folder();    // $XDG_STATE_HOME/levictl, else ~/.local/state/levictl
std::string reports_folder();  // build/reports in a checkout, else <state>/reports
// Where levid, levi-engine, levi-exchange and levictl stand: beside the running program, else in
// ../bin.
std::string binary_folder();

}  // namespace levi::cli
