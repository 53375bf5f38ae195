// Where levictl keeps its own things.
#pragma once

#include <string>

namespace levi::cli {

std::string state_folder();    // $XDG_STATE_HOME/levictl, else ~/.local/state/levictl
std::string reports_folder();  // build/reports in a checkout, else <state>/reports
std::string binary_folder();   // where levid, levi-engine and levi-exchange stand: beside levictl

}  // namespace levi::cli
