/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* What a Vala program does with a pipeline, beside the five steps: waiting in a main loop, signals, and
 * what is left in the end. */

const int DEADLINE_SECONDS = 60;

Variant? square (Mpipe.Worker worker, Variant? task) throws Error {
    int64 number = task.get_int64 ();
    if (number == 13)
        throw new IOError.FAILED ("thirteen is not squared");
    return number * number;
}

Variant? count_down (Mpipe.Worker worker, Variant? task) throws Error {
    for (int64 number = task.get_int64 (); number > 0; number--)
        worker.put_result (number);
    return null;
}

// Adds up its tasks, and says the sum in its last one.
class Summer : Mpipe.Worker {
    private int64 sum;

    public override Variant? task (Variant? task) throws Error {
        if (task == null)
            return sum;
        sum += task.get_int64 ();
        return null;
    }
}

Mpipe.Pipeline pipeline_of (Mpipe.Stage stage) {
    try {
        return new Mpipe.Pipeline (stage);
    } catch (Error error) {
        Test.message ("%s", error.message);
        assert_not_reached ();
    }
}

void put (Mpipe.Pipeline pipeline, int64 number) {
    try {
        pipeline.put (number);
    } catch (Error error) {
        Test.message ("%s", error.message);
        assert_not_reached ();
    }
}

int64 get_number (Mpipe.Pipeline pipeline) {
    try {
        return pipeline.get ().get_int64 ();
    } catch (Error error) {
        Test.message ("%s", error.message);
        assert_not_reached ();
    }
}

void assert_end (Mpipe.Pipeline pipeline) {
    try {
        assert (pipeline.get () == null);
    } catch (Error error) {
        assert_not_reached ();
    }
}

string[] list (string folder) {
    string[] names = {};
    try {
        var entries = Dir.open (folder);
        for (string? name; (name = entries.read_name ()) != null;)
            names += name;
    } catch (FileError error) {
        assert_not_reached ();
    }
    return names;
}

// A process is the child of the thread that started it.
bool has_child () {
    bool found = false;
    foreach (string thread in list ("/proc/self/task")) {
        try {
            string children;
            FileUtils.get_contents (@"/proc/self/task/$thread/children", out children);
            found = found || children != "";
        } catch (FileError error) {
            // the thread has ended meanwhile
        }
    }
    return found;
}

void test_order () {
    var pipeline = pipeline_of (new Mpipe.Stage.with_order ("square", 4));

    for (int64 i = 1000; i < 2000; i++)
        put (pipeline, i);
    pipeline.stop ();
    for (int64 i = 1000; i < 2000; i++)
        assert (get_number (pipeline) == i * i);
    assert_end (pipeline);
}

void test_error () {
    var stage = new Mpipe.Stage.with_order ("square", 1);
    stage.name = "squares";
    var pipeline = pipeline_of (stage);

    put (pipeline, 13);
    put (pipeline, 2);
    pipeline.stop ();
    try {
        pipeline.get ();
        assert_not_reached ();
    } catch (Mpipe.Error.TASK_FAILED error) {
        assert ("squares" in error.message);
        assert ("thirteen is not squared" in error.message);
    } catch (Error error) {
        assert_not_reached ();
    }
    assert (get_number (pipeline) == 4);
    assert_end (pipeline);
}

void test_several_results () {
    var pipeline = pipeline_of (new Mpipe.Stage.with_order ("count-down", 1));

    put (pipeline, 3);
    pipeline.stop ();
    for (int64 i = 3; i > 0; i--)
        assert (get_number (pipeline) == i);
    assert_end (pipeline);
}

void test_stop_task () {
    var stage = new Mpipe.Stage.with_order ("Summer", 1);
    stage.do_stop_task = true;
    var pipeline = pipeline_of (stage);

    for (int64 i = 1; i <= 10; i++)
        put (pipeline, i);
    pipeline.stop ();
    assert (get_number (pipeline) == 55);
    assert_end (pipeline);
}

async int64 add_results (Mpipe.Pipeline pipeline) throws Error {
    int64 sum = 0;
    for (Variant? result; (result = yield pipeline.get_async (null)) != null;)
        sum += result.get_int64 ();
    return sum;
}

uint add_deadline () {
    return Timeout.add_seconds (DEADLINE_SECONDS, () => {
        assert_not_reached ();
    });
}

void test_async () {
    var pipeline = pipeline_of (new Mpipe.Stage.without_order ("square", 2));
    var loop = new MainLoop ();
    uint deadline = add_deadline ();
    int64 sum = 0;

    add_results.begin (pipeline, (object, result) => {
        try {
            sum = add_results.end (result);
        } catch (Error error) {
            assert_not_reached ();
        }
        loop.quit ();
    });
    for (int64 i = 1; i <= 10; i++)
        put (pipeline, i);
    pipeline.stop ();
    loop.run ();
    Source.remove (deadline);
    assert (sum == 385);
}

void test_signals () {
    var stage = new Mpipe.Stage.with_order ("square", 2);
    var pipeline = pipeline_of (stage);
    var loop = new MainLoop ();
    uint deadline = add_deadline ();
    string log = "";

    pipeline.result.connect ((value, task_id, leaf) => {
        assert (leaf == stage);
        log += "%s=%s ".printf (task_id.to_string (), value.get_int64 ().to_string ());
    });
    pipeline.task_failed.connect ((task_id, at, error) => {
        assert (at == stage);
        assert (error is Mpipe.Error.TASK_FAILED);
        log += "%s failed ".printf (task_id.to_string ());
        return true;
    });
    pipeline.completed.connect (loop.quit);
    put (pipeline, 5);
    put (pipeline, 13);
    put (pipeline, 7);
    pipeline.stop ();
    loop.run ();
    Source.remove (deadline);
    assert (log == "1=25 2 failed 3=49 ");
}

// The library keeps threads and descriptors from one pipeline to the next, so one has been there before.
void test_nothing_is_left () {
    test_order ();
    int n_before = list ("/proc/self/fd").length;
    var pipeline = pipeline_of (new Mpipe.Stage.with_order ("square", 2));
    put (pipeline, 3);
    assert (get_number (pipeline) == 9);
    assert (has_child ());
    assert (list ("/proc/self/fd").length > n_before);
    pipeline.stop ();
    assert_end (pipeline);
    pipeline = null;
    assert (!has_child ());
    assert (list ("/proc/self/fd").length == n_before);
}

int main (string[] args) {
    Test.init (ref args);
    Mpipe.Worker.register_func ("square", square);
    Mpipe.Worker.register_func ("count-down", count_down);
    Mpipe.Worker.register (typeof (Summer));
    Mpipe.init (ref args);

    Test.add_func ("/mpipe/vala/gives-results-in-order", test_order);
    Test.add_func ("/mpipe/vala/throws-what-a-worker-throws", test_error);
    Test.add_func ("/mpipe/vala/puts-several-results", test_several_results);
    Test.add_func ("/mpipe/vala/does-the-stop-task", test_stop_task);
    Test.add_func ("/mpipe/vala/yields-for-results", test_async);
    Test.add_func ("/mpipe/vala/tells-by-signals", test_signals);
    Test.add_func ("/mpipe/vala/leaves-nothing", test_nothing_is_left);
    return Test.run ();
}
