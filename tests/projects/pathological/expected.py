"""What each bad test of this project must come to; every other test of it must pass."""

import json
from collections import Counter
from dataclasses import dataclass

import pytest

_VERSION = tuple(int(part) for part in pytest.__version__.split(".")[:2])


def _since(version, new, old):
    return new if _VERSION >= version else old


@dataclass(frozen=True)
class Bad:
    """A bad test: its kind, node id (or file), outcome, and a word that the report says of it."""

    kind: str
    nodeid: str
    outcome: str
    word: str


BAD = (
    Bad("segfault", "tests/test_segfault.py::test_bad", "crashed", "SIGSEGV"),
    Bad("kill_sigkill", "tests/test_kill_sigkill.py::test_bad", "crashed", "SIGKILL"),
    Bad("kill_sigterm", "tests/test_kill_sigterm.py::test_bad", "crashed", "SIGTERM"),
    Bad("kill_sigabrt", "tests/test_kill_sigabrt.py::test_bad", "crashed", "SIGABRT"),
    Bad("exit_now_0", "tests/test_exit_now_0.py::test_bad", "crashed", "status 0"),
    Bad("exit_now_1", "tests/test_exit_now_1.py::test_bad", "crashed", "status 1"),
    Bad("exit_now_3", "tests/test_exit_now_3.py::test_bad", "crashed", "status 3"),
    Bad("abort", "tests/test_abort.py::test_bad", "crashed", "SIGABRT"),
    Bad("kill_own_group", "tests/test_kill_own_group.py::test_bad", "crashed", "SIGKILL"),
    Bad("die_in_setup", "tests/test_die_in_setup.py::test_bad", "crashed", "status 9"),
    Bad("die_in_teardown", "tests/test_die_in_teardown.py::test_bad", "crashed", "status 9"),
    Bad("die_in_module_teardown", "tests/test_die_in_module_teardown.py::test_bad", "crashed", "status 9"),
    Bad("die_in_session_teardown", "tests/test_die_in_session_teardown.py::test_bad", "passed", ""),
    Bad("atexit_exits", "tests/test_atexit_exits.py::test_bad", "passed", ""),
    Bad("atexit_raises", "tests/test_atexit_raises.py::test_bad", "passed", ""),
    Bad("sys_exit", "tests/test_sys_exit.py::test_bad", "failed", "SystemExit"),
    Bad("keyboard_interrupt", "tests/test_keyboard_interrupt.py::test_bad", "error", "KeyboardInterrupt"),
    Bad("pytest_exit", "tests/test_pytest_exit.py::test_bad", "error", "Exit"),
    Bad("generator_exit", "tests/test_generator_exit.py::test_bad", "failed", "GeneratorExit"),
    Bad("base_exception", "tests/test_base_exception.py::test_bad", "failed", "of the base"),
    Bad("recursion", "tests/test_recursion.py::test_bad", "failed", "RecursionError"),
    Bad("memory_error", "tests/test_memory_error.py::test_bad", "failed", "MemoryError"),
    Bad("memory_limit", "tests/test_memory_limit.py::test_bad", "failed", "MemoryError"),
    Bad("setup_raises", "tests/test_setup_raises.py::test_bad", "error", "set-up is broken"),
    Bad("teardown_raises", "tests/test_teardown_raises.py::test_bad", "error", "teardown is broken"),
    Bad("call_and_teardown_raise", "tests/test_call_and_teardown_raise.py::test_bad", "failed", "the call first"),
    Bad("module_teardown_raises", "tests/test_module_teardown_raises.py::test_bad", "error", "module teardown is broken"),
    Bad("session_teardown_raises", "tests/test_session_teardown_raises.py::test_bad", "error", "session teardown is broken"),
    Bad("keyboard_interrupt_in_setup", "tests/test_keyboard_interrupt_in_setup.py::test_bad", "error", "KeyboardInterrupt"),
    Bad("keyboard_interrupt_in_teardown", "tests/test_keyboard_interrupt_in_teardown.py::test_bad", "error", "KeyboardInterrupt"),
    Bad("import_segfault", "tests/test_import_segfault.py", "crashed", "SIGSEGV"),
    Bad("import_os_exit", "tests/test_import_os_exit.py", "crashed", "status 7"),
    Bad("import_sys_exit", "tests/test_import_sys_exit.py", "error", "SystemExit"),
    Bad("import_keyboard_interrupt", "tests/test_import_keyboard_interrupt.py", "error", "KeyboardInterrupt"),
    Bad("import_pytest_exit", "tests/test_import_pytest_exit.py", "error", "no import today"),
    Bad("import_error", "tests/test_import_error.py", "error", "nothing_of_this_name"),
    Bad("import_raises", "tests/test_import_raises.py", "error", "broken at import"),
    Bad("import_recursion", "tests/test_import_recursion.py", "error", "RecursionError"),
    Bad("syntax_error", "tests/test_syntax_error.py", "error", "SyntaxError"),
    Bad("import_cycle", "tests/test_import_cycle.py", "error", "circular"),
    Bad("bad_encoding", "tests/test_bad_encoding.py", "error", "SyntaxError"),
    Bad("null_bytes", "tests/test_null_bytes.py", "error", "null bytes"),
    Bad("equal_basenames_a", "tests/twin_a/test_twin.py::test_bad", "passed", ""),
    Bad("equal_basenames_b", "tests/twin_b/test_twin.py::test_bad", "passed", ""),
    Bad("broken_conftest", "tests/broken_conftest", "error", "nothing_of_this_name"),
    Bad("raising_hook", "tests/raising_hook/test_raising_hook.py::test_bad", "error", "a hook of a conftest"),
    Bad("raising_report_hook", "tests/raising_report_hook/test_raising_report_hook.py::test_bad", "error", "a report hook"),
    Bad("parametrize_raises", "tests/test_parametrize_raises.py", "error", "broken parameters"),
    Bad("missing_fixture", "tests/test_missing_fixture.py::test_bad", "error", "fixture_of_nobody"),
    Bad("generate_tests_raises", "tests/test_generate_tests_raises.py", "error", "generates nothing"),
    Bad("huge_output", "tests/test_huge_output.py::test_bad", "failed", "after much output"),
    Bad("invalid_output", "tests/test_invalid_output.py::test_bad", "failed", "after odd output"),
    Bad("surrogate_message", "tests/test_surrogate_message.py::test_bad", "failed", "lone"),
    Bad("surrogate_compared", "tests/test_surrogate_compared.py::test_bad", "failed", "assert"),
    Bad("surrogate_property", "tests/test_surrogate_property.py::test_bad", "passed", ""),
    Bad("surrogate_printed", "tests/test_surrogate_printed.py::test_bad", "passed", ""),
    Bad("odd_properties", "tests/test_odd_properties.py::test_bad", "passed", ""),
    Bad("closed_streams", "tests/test_closed_streams.py::test_bad", "failed", "closed file"),
    Bad("replaced_streams", "tests/test_replaced_streams.py::test_bad", "passed", ""),
    Bad("broken_stdout", "tests/test_broken_stdout.py::test_bad", "failed", "OSError"),
    Bad("close_standard", "tests/test_close_standard.py::test_bad", "failed", "after closing"),
    Bad("close_most", "tests/test_close_most.py::test_bad", "failed", "after closing"),
    Bad("close_every", "tests/test_close_every.py::test_bad", "crashed", "descriptor"),
    Bad("dup_over", "tests/test_dup_over.py::test_bad", "failed", "after duplicating"),
    Bad("few_descriptors", "tests/test_few_descriptors.py::test_bad", "passed", ""),
    Bad("no_file_size", "tests/test_no_file_size.py::test_bad", "failed", "too large"),
    Bad("many_open_files", "tests/test_many_open_files.py::test_bad", "passed", ""),
    Bad("fork_that_exits", "tests/test_fork_that_exits.py::test_bad", "passed", ""),
    Bad("fork_that_returns", "tests/test_fork_that_returns.py::test_bad", "passed", ""),
    Bad("fork_that_raises", "tests/test_fork_that_raises.py::test_bad", "passed", ""),
    Bad("fork_that_sys_exits", "tests/test_fork_that_sys_exits.py::test_bad", "passed", ""),
    Bad("multiprocessing_child", "tests/test_multiprocessing_child.py::test_bad", "passed", ""),
    Bad("daemon_thread", "tests/test_daemon_thread.py::test_bad", "passed", ""),
    Bad("thread", "tests/test_thread.py::test_bad", "passed", ""),
    Bad("thread_for_ever", "tests/test_thread_for_ever.py::test_bad", "passed", ""),
    Bad("thread_raises", "tests/test_thread_raises.py::test_bad", "failed", "PytestUnhandledThreadExceptionWarning"),
    Bad("child_left", "tests/test_child_left.py::test_bad", "passed", ""),
    Bad("child_in_session", "tests/test_child_in_session.py::test_bad", "passed", ""),
    Bad("child_with_channel", "tests/test_child_with_channel.py::test_bad", "passed", ""),
    Bad("double_fork", "tests/test_double_fork.py::test_bad", "passed", ""),
    Bad("socket_open", "tests/test_socket_open.py::test_bad", "passed", ""),
    Bad("folder_left", "tests/test_folder_left.py::test_bad", "passed", ""),
    Bad("waits_for_any_child", "tests/test_waits_for_any_child.py::test_bad", "passed", ""),
    Bad("new_session", "tests/test_new_session.py::test_bad", "failed", "Permission"),
    Bad("change_folder", "tests/test_change_folder.py::test_bad", "passed", ""),
    Bad("change_to_removed_folder", "tests/test_change_to_removed_folder.py::test_bad", "passed", ""),
    Bad("clear_environment", "tests/test_clear_environment.py::test_bad", "passed", ""),
    Bad("clear_path", "tests/test_clear_path.py::test_bad", "passed", ""),
    Bad("path_of_objects", "tests/test_path_of_objects.py::test_bad", "passed", ""),
    Bad("remove_pytest", "tests/test_remove_pytest.py::test_bad", "passed", ""),
    Bad("remove_standard_modules", "tests/test_remove_standard_modules.py::test_bad", "passed", ""),
    Bad("signals_ignored", "tests/test_signals_ignored.py::test_bad", "passed", ""),
    Bad("signals_blocked", "tests/test_signals_blocked.py::test_bad", "passed", ""),
    Bad("children_ignored", "tests/test_children_ignored.py::test_bad", "passed", ""),
    Bad("alarm_left", "tests/test_alarm_left.py::test_bad", "passed", ""),
    Bad("change_locale", "tests/test_change_locale.py::test_bad", "passed", ""),
    Bad("warning_filters", "tests/test_warning_filters.py::test_bad", "passed", ""),
    Bad("recursion_limit", "tests/test_recursion_limit.py::test_bad", "passed", ""),
    Bad("collector_off", "tests/test_collector_off.py::test_bad", "passed", ""),
    Bad("patch_open", "tests/test_patch_open.py::test_bad", "passed", ""),
    Bad("patch_print", "tests/test_patch_print.py::test_bad", "passed", ""),
    Bad("patch_len", "tests/test_patch_len.py::test_bad", "error", "len is patched"),
    Bad("patch_isinstance", "tests/test_patch_isinstance.py::test_bad", "error", "isinstance is patched"),
    Bad("patch_getattr", "tests/test_patch_getattr.py::test_bad", "error", "getattr is patched"),
    Bad("patch_repr", "tests/test_patch_repr.py::test_bad", "passed", ""),
    Bad("patch_str", "tests/test_patch_str.py::test_bad", "error", "str is patched"),
    Bad("remove_builtins", "tests/test_remove_builtins.py::test_bad", "error", "a plugin failed"),
    Bad("patch_time_time", "tests/test_patch_time_time.py::test_bad", "passed", ""),
    Bad("patch_time_perf_counter", "tests/test_patch_time_perf_counter.py::test_bad", "passed", ""),
    Bad("patch_time_monotonic", "tests/test_patch_time_monotonic.py::test_bad", "passed", ""),
    Bad("patch_time_process_time", "tests/test_patch_time_process_time.py::test_bad", "passed", ""),
    Bad("patch_time_sleep", "tests/test_patch_time_sleep.py::test_bad", "passed", ""),
    Bad("patch_os_getpid", "tests/test_patch_os_getpid.py::test_bad", "passed", ""),
    Bad("patch_os_write", "tests/test_patch_os_write.py::test_bad", "passed", ""),
    Bad("patch_os_read", "tests/test_patch_os_read.py::test_bad", "passed", ""),
    Bad("patch_os_fstat", "tests/test_patch_os_fstat.py::test_bad", "failed", "os.fstat is patched"),
    Bad("patch_os_times", "tests/test_patch_os_times.py::test_bad", "passed", ""),
    Bad("patch_os_pread", "tests/test_patch_os_pread.py::test_bad", "passed", ""),
    Bad("patch_os_getcwd", "tests/test_patch_os_getcwd.py::test_bad", "passed", ""),
    Bad("patch_os_chdir", "tests/test_patch_os_chdir.py::test_bad", "passed", ""),
    Bad("patch_json_dumps", "tests/test_patch_json_dumps.py::test_bad", "passed", ""),
    Bad("patch_json_loads", "tests/test_patch_json_loads.py::test_bad", "passed", ""),
    Bad("patch_select_select", "tests/test_patch_select_select.py::test_bad", "passed", ""),
    Bad("patch_resource_getrusage", "tests/test_patch_resource_getrusage.py::test_bad", "passed", ""),
    Bad("patch_gc_collect", "tests/test_patch_gc_collect.py::test_bad", "passed", ""),
    Bad("patch_time_backwards", "tests/test_patch_time_backwards.py::test_bad", "passed", ""),
    Bad("patch_json_encoder", "tests/test_patch_json_encoder.py::test_bad", "passed", ""),
    Bad("patch_pytest_runner", "tests/test_patch_pytest_runner.py::test_bad", "error", "the runner is patched"),
    Bad("patch_pytest_report", "tests/test_patch_pytest_report.py::test_bad", "error", "reports are patched"),
    Bad("call_pytest_main", "tests/test_call_pytest_main.py::test_bad", "failed", "assert"),
    Bad("seeded", "tests/test_seeded.py::test_bad", "passed", ""),
    Bad("own_file_deleted", "tests/test_own_file_deleted.py::test_bad", "failed", "AssertionError"),
    Bad("logging_closed", "tests/test_logging_closed.py::test_bad", "failed", "NoneType"),
    Bad("umask", "tests/test_umask.py::test_bad", "passed", ""),
    Bad("nice", "tests/test_nice.py::test_bad", "passed", ""),
    Bad("trace_function", "tests/test_trace_function.py::test_bad", "passed", ""),
    Bad("excepthook", "tests/test_excepthook.py::test_bad", "passed", ""),
    Bad("event_loop_left", "tests/test_event_loop_left.py::test_bad", "passed", ""),
    Bad("faulthandler_off", "tests/test_faulthandler_off.py::test_bad", "passed", ""),
    Bad("new_main_module", "tests/test_new_main_module.py::test_bad", "passed", ""),
    Bad("odd_ids", "tests/test_odd_ids.py::test_bad[a\\nb]", "passed", ""),
    Bad("odd_ids", "tests/test_odd_ids.py::test_bad[[c]]", "passed", ""),
    Bad("odd_ids", "tests/test_odd_ids.py::test_bad[d::e]", "failed", "an odd id"),
    Bad("odd_ids", "tests/test_odd_ids.py::test_bad[\\xe9\\U0001f680]", "failed", "an odd id"),
    Bad("odd_ids", "tests/test_odd_ids.py::test_bad[ ]", "failed", "an odd id"),
    Bad("odd_ids", "tests/test_odd_ids.py::test_bad[%s{}]", "failed", "an odd id"),
    Bad("odd_ids", "tests/test_odd_ids.py::test_bad[a/b.py::c]", "failed", "an odd id"),
    Bad("long_id", "tests/test_long_id.py::test_bad[" + "x" * 5000 + "]", "failed", "a long id"),
    Bad("surrogate_id", "tests/test_surrogate_id.py::test_bad[\\udc80]", "failed", "a surrogate id"),
    Bad("equal_ids", "tests/test_equal_ids.py::test_bad[1]", "failed", "one of two"),
    Bad("equal_ids", "tests/test_equal_ids.py::test_bad[2]", "failed", "one of two"),
    Bad("many_parameters", "tests/test_many_parameters.py::test_bad[5000]", "failed", "one of many"),
    Bad("repr_raises", "tests/test_repr_raises.py::test_bad", "failed", "assert"),
    Bad("repr_no_text", "tests/test_repr_no_text.py::test_bad", "failed", "assert"),
    Bad("repr_huge", "tests/test_repr_huge.py::test_bad", "failed", "assert"),
    Bad("repr_exits", "tests/test_repr_exits.py::test_bad", "error", "SystemExit"),
    Bad("eq_raises", "tests/test_eq_raises.py::test_bad", "failed", "no comparison"),
    Bad("str_of_exception_raises", "tests/test_str_of_exception_raises.py::test_bad", "failed", "Odd"),
    Bad("str_of_exception_no_text", "tests/test_str_of_exception_no_text.py::test_bad", "failed", "Odd"),
    Bad("exception_is_all", "tests/test_exception_is_all.py::test_bad", "error", "no attribute"),
    Bad("chained", "tests/test_chained.py::test_bad", "failed", "number 299"),
    Bad("chained_in_a_circle", "tests/test_chained_in_a_circle.py::test_bad", "failed", "one of a circle"),
    Bad("exception_group", "tests/test_exception_group.py::test_bad", "failed", "red"),
    Bad("huge_lists", "tests/test_huge_lists.py::test_bad", "failed", "assert"),
    Bad("skip_reason", "tests/test_skip_reason.py::test_bad", "failed", "Skipped expected"),
    Bad("skip_reason_raises", "tests/test_skip_reason_raises.py::test_bad", "failed", "Skipped expected"),
    Bad("xfail_reason", "tests/test_xfail_reason.py::test_bad", "xfailed", "lone"),
    Bad("xfail_strict", "tests/test_xfail_strict.py::test_bad", "failed", "strict"),
    Bad("warning_in_teardown", "tests/test_warning_in_teardown.py::test_bad", "error", "a warning at the end"),
    Bad("unraisable", "tests/test_unraisable.py::test_bad", "failed", "PytestUnraisableExceptionWarning"),
    Bad("odd_warning", "tests/test_odd_warning.py::test_bad", "failed", "no text"),
    Bad("generator_test", _since((8, 4), "tests/test_generator_test.py", "tests/test_generator_test.py::test_bad"), _since((8, 4), "error", "xfailed"), "yield"),
    Bad("coroutine_test", "tests/test_coroutine_test.py::test_bad", _since((8, 4), "failed", "skipped"), "async"),
    Bad("returns_value", "tests/test_returns_value.py::test_bad", "passed", ""),
    Bad("breakpoint_left", "tests/test_breakpoint_left.py::test_bad", "failed", "--pdb"),
    Bad("reads_input", "tests/test_reads_input.py::test_bad", "failed", "OSError"),
    Bad("class_with_init", "tests/test_class_with_init.py::test_after", "passed", ""),
    Bad("unittest_breaks", "tests/test_unittest_breaks.py::TestOdd::test_bad", "error", "class set-up is broken"),
)

#: Tests that never end by themselves: they need a time limit.
HANGING = (
    Bad("hang_in_python", "hanging/test_hang_in_python.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_in_c", "hanging/test_hang_in_c.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_in_regular_expression", "hanging/test_hang_in_regular_expression.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_with_signals_blocked", "hanging/test_hang_with_signals_blocked.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_that_catches_all", "hanging/test_hang_that_catches_all.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_in_setup", "hanging/test_hang_in_setup.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_in_teardown", "hanging/test_hang_in_teardown.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_at_import", "hanging/test_hang_at_import.py", "timed_out", "collect"),
    Bad("hang_in_parametrize", "hanging/test_hang_in_parametrize.py", "timed_out", "collect"),
    Bad("hang_in_wait_for_child", "hanging/test_hang_in_wait_for_child.py::test_bad", "timed_out", "longer than its limit"),
    Bad("hang_in_lock", "hanging/test_hang_in_lock.py::test_bad", "timed_out", "longer than its limit"),
)

#: Good tests in files of their own; most bad files have good ones beside the bad one.
GOOD = 500


def outcomes(report):
    """Node id and outcome of every entry of a JSON report, in a fixed order."""
    return sorted((test["nodeid"], test["outcome"]) for test in report["tests"])


def differences(report, expected=BAD):
    """Return what of a JSON report is not as expected, a line each."""
    wanted = {bad.nodeid: bad for bad in expected}
    found = []
    for test in report["tests"]:
        bad = wanted.get(test["nodeid"], Bad("good", test["nodeid"], "passed", ""))
        if test["outcome"] != bad.outcome:
            found.append(f"{bad.nodeid[:200]}: {test['outcome']} and not {bad.outcome}")
        elif bad.word not in json.dumps(test, ensure_ascii=False):
            found.append(f"{bad.nodeid[:200]}: does not say {bad.word!r}")
    counts = Counter(test["nodeid"] for test in report["tests"])
    found += [f"{name[:200]}: missing" for name in wanted if not counts[name]]
    found += [f"{name[:200]}: {count} entries" for name, count in counts.items() if count > 1]
    return found
