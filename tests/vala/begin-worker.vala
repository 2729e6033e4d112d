/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker in Vala whose tasks are asynchronous methods: one waits for what another does later in the same
 * worker. */

class Meeting : Mpipe.Worker {
  SourceFunc? waiting; /* goes on with “wait” */

  public override void begin (Mpipe.Task task) {
    do_task.begin (task);
  }

  async void do_task (Mpipe.Task task) {
    switch (task.get_text ()) {
    case "wait":
      task.report_progress (0.5, "waiting");
      waiting = do_task.callback;
      yield;
      task.return_text ("met");
      break;
    case "meet":
      Idle.add (do_task.callback);
      yield;
      Idle.add ((owned) waiting);
      task.return_text ("meet");
      break;
    case "read":
      try {
        uint8[] contents;
        yield File.new_for_path ("/proc/self/comm").load_contents_async (
          task.get_cancellable (), out contents, null);
        task.return_bytes (new Bytes (contents));
      } catch (Error error) {
        task.fail (error);
      }
      break;
    case "fail":
      task.fail (new IOError.NOT_FOUND ("nothing there"));
      break;
    default:
      break; /* dropped */
    }
  }
}

Mpipe.Pipeline new_pipeline (uint concurrency) throws Error {
  var stage = new Mpipe.Stage.with_order ("Meeting", 1);
  stage.concurrency = concurrency;
  return new Mpipe.Pipeline (stage);
}

void test_meet () {
  try {
    var pipeline = new_pipeline (2);
    pipeline.put_text ("wait");
    pipeline.put_text ("meet");
    assert (pipeline.get_text () == "met");
    assert (pipeline.get_text () == "meet");
    pipeline.stop ();
    assert (pipeline.get () == null);
  } catch (Error error) {
    assert_no_error (error);
  }
}

void expect_failure (Mpipe.Pipeline pipeline, string says) {
  try {
    pipeline.get ();
    assert_not_reached ();
  } catch (Error error) {
    assert (error is Mpipe.Error.TASK_FAILED);
    assert (says in error.message);
  }
}

void test_ends () {
  try {
    var pipeline = new_pipeline (1);
    pipeline.put_text ("read");
    pipeline.put_text ("fail");
    pipeline.put_text ("drop");
    pipeline.stop ();
    assert (pipeline.get_bytes ().length > 0);
    expect_failure (pipeline, "nothing there");
    expect_failure (pipeline, "dropped");
    assert (pipeline.get () == null);
  } catch (Error error) {
    assert_no_error (error);
  }
}

void test_progress () {
  try {
    var pipeline = new_pipeline (2);
    var told = false;
    pipeline.task_progress.connect ((id, stage, fraction, message) => {
      assert (id == 1 && fraction == 0.5 && message == "waiting");
      told = true;
    });
    pipeline.put_text ("wait");
    while (!told)
      MainContext.default ().iteration (true);
    pipeline.put_text ("meet");
    assert (pipeline.get_text () == "met");
    assert (pipeline.get_text () == "meet");
    pipeline.stop ();
    assert (pipeline.get () == null);
  } catch (Error error) {
    assert_no_error (error);
  }
}

int main (string[] args) {
  Test.init (ref args);
  Mpipe.Worker.register (typeof (Meeting));
  Mpipe.init (ref args);
  Test.add_func ("/mpipe/vala/begin/meet", test_meet);
  Test.add_func ("/mpipe/vala/begin/ends", test_ends);
  Test.add_func ("/mpipe/vala/begin/progress", test_progress);
  return Test.run ();
}
