# `levictl chaos …`, apart from the rest of levi_cli: tests link it with a stage of their own.
levi_library(levi_chaos_cli
  SOURCES chaos_active.cpp chaos_cli.cpp chaos_gate.cpp chaos_list.cpp chaos_run.cpp chaos_selftest.cpp chaos_target.cpp
  DEPS levi_cli levi_chaos_experiment levi_chaos_guard levi_reports CLI11::CLI11)
