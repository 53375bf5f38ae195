# One target per folder, sources listed, warnings are errors.

find_program(LEVI_CCACHE ccache)
if(LEVI_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LEVI_CCACHE})
endif()
find_program(LEVI_MOLD mold)
if(LEVI_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Eight files of a target in one compilation: headers of templates are most of what a build costs. OFF compiles each file alone: quicker
# while you work on one of them, and it finds the include that a neighbour happens to bring.
option(LEVI_UNITY "Compile the files of a target in batches" ON)
set(CMAKE_UNITY_BUILD ${LEVI_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)

# levi_alone(target ...): their files use the same names for their own things, so each is compiled alone.
function(levi_alone)
  set_target_properties(${ARGN} PROPERTIES UNITY_BUILD OFF)
endfunction()

# levi_cold(target ...): commands, files and reports, on no order's way: at -O1, which saves up to a third of their compilation.
function(levi_cold)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endforeach()
endfunction()

set(LEVI_SANITIZE "" CACHE STRING "address (with undefined behaviour) or thread; empty for none")
if(LEVI_SANITIZE STREQUAL "address")
  # As its authors advise: -O1.
  set(CMAKE_CXX_FLAGS_RELEASE "-O1")
  # g++ 12 takes instrumented library code (std::regex) for uninitialised reads.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_link_options(-fsanitize=address,undefined)
elseif(LEVI_SANITIZE STREQUAL "thread")
  # It does not know fences, and says so. Ours (the journal's ring, a seqlock) stand between atomics alone, which it takes as they
  # are: nothing is missed and nothing invented by it.
  add_compile_options(-fsanitize=thread -g1 $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=thread)
elseif(LEVI_SANITIZE)
  message(FATAL_ERROR "LEVI_SANITIZE is '${LEVI_SANITIZE}'; expected 'address', 'thread' or nothing")
endif()

add_library(levi_options INTERFACE)
target_include_directories(levi_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(levi_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  # In a batch no file is the main one, so g++ takes each for a header whose types may differ elsewhere.
  $<$<AND:$<BOOL:${LEVI_UNITY}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>
  $<$<NOT:$<BOOL:${LEVI_FUZZ}>>:-Werror>)  # clang warns of other things; g++ is the judge
target_link_libraries(levi_options INTERFACE Threads::Threads)


# levi_library(name SOURCES a.cpp ... DEPS levi_base ...)
function(levi_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC levi_options ${arg_DEPS})
endfunction()

# levi_binary(name SOURCES ... DEPS ...): lands in build/bin.
function(levi_binary name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE levi_options ${arg_DEPS})
endfunction()

# levi_test(name SOURCES a_test.cpp ... DEPS ... [LABELS integration]): one gtest binary, one ctest entry.
# No TIMEOUT property: it would outrank the --timeout of scripts/test.sh (300 s) and of scripts/soak.sh (hours).
# Those that link rapidcheck get the label `property`.
# The label `concurrent` is for tests in which several threads share memory: they also run under the thread sanitizer, and
# the target levi_concurrent_tests builds just them.
# The sources are recorded, so that an unregistered *_test.cpp fails the configuration (tests/CMakeLists.txt).
function(levi_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE levi_options ${arg_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  # A third of what a test costs to compile; what it tests is not built so.
  target_compile_options(${name} PRIVATE -O0)
  add_test(NAME ${name} COMMAND ${name})
  if(rapidcheck IN_LIST arg_DEPS)
    list(APPEND arg_LABELS property)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}")
  if(concurrent IN_LIST arg_LABELS)
    if(NOT TARGET levi_concurrent_tests)
      add_custom_target(levi_concurrent_tests)
    endif()
    add_dependencies(levi_concurrent_tests ${name})
  endif()
  foreach(source ${arg_SOURCES})
    get_filename_component(path ${source} ABSOLUTE)
    set_property(GLOBAL APPEND PROPERTY LEVI_TEST_SOURCES ${path})
  endforeach()
endfunction()

# levi_long(test seconds): about as long as it takes. ctest begins with the longest, so that none of them is left for the end.
function(levi_long test seconds)
  set_tests_properties(${test} PROPERTIES COST ${seconds})
endfunction()

if(LEVI_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -g1)
  add_link_options(-fsanitize=address,undefined)
endif()

# levi_fuzz(name SOURCES x_fuzz.cpp DEPS ...): libFuzzer where LEVI_FUZZ is on (clang).
function(levi_fuzz name)
  if(NOT LEVI_FUZZ)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT TARGET levi_fuzz_targets)
    add_custom_target(levi_fuzz_targets)
  endif()
  add_executable(${name} ${arg_SOURCES})
  add_dependencies(levi_fuzz_targets ${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined -g1)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
  target_link_libraries(${name} PRIVATE levi_options ${arg_DEPS})
endfunction()
