# cmake --install build --prefix DIR: the programs beside each other (levictl looks for levid, levi-engine and levi-exchange next to
# itself), and what is to be read. The scenarios are compiled in; the files are examples to copy. levid-sabotage is never installed.
include(GNUInstallDirs)

install(TARGETS levid levi-engine levi-exchange levi-proxy levictl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES LICENSE README.md RUNBOOK.md CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs configs scenarios DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(PROGRAMS scripts/run_chaos_suite.sh DESTINATION ${CMAKE_INSTALL_DOCDIR}/scripts)
