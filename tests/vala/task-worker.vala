/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* A worker in Vala whose tasks end when their method returns. */

class Squarer : Mpipe.Worker {
  int64 sum;

  public override bool start () throws Error {
    sum = 0;
    return true;
  }

  public override Variant? task (Variant? task) throws Error {
    if (task == null)
      return new Variant.int64 (sum);
    var number = task.get_int64 ();
    if (number == 3)
      throw new IOError.NOT_FOUND ("there is no square of 3");
    sum += number;
    return new Variant.int64 (number * number);
  }
}

void test_squares () {
  try {
    var stage = new Mpipe.Stage.with_order ("Squarer", 1);
    stage.do_stop_task = true;
    var pipeline = new Mpipe.Pipeline (stage);
    for (int64 i = 1; i <= 5; i++)
      pipeline.put (new Variant.int64 (i));
    pipeline.stop ();
    foreach (int64 expected in new int64[] { 1, 4, -1, 16, 25, 12 }) {
      try {
        assert (pipeline.get ().get_int64 () == expected);
      } catch (Mpipe.Error.TASK_FAILED error) {
        assert (expected == -1 && "there is no square of 3" in error.message);
      }
    }
    assert (pipeline.get () == null);
  } catch (Error error) {
    assert_no_error (error);
  }
}

int main (string[] args) {
  Test.init (ref args);
  Mpipe.Worker.register (typeof (Squarer));
  Mpipe.init (ref args);
  Test.add_func ("/mpipe/vala/task", test_squares);
  return Test.run ();
}
