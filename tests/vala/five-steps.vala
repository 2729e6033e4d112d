/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPDX-FileCopyrightText: the mpipe-glib authors */

/* The five steps in Vala. */

// a function of one task
Variant? increment (Mpipe.Worker worker, Variant? task) throws Error {
    int64 number = task.get_int64 ();
    if (number < 0)
        throw new IOError.INVALID_ARGUMENT ("%s is negative", number.to_string ());
    return number + 1;
}

// a class, which keeps something between its tasks
class Scaler : Mpipe.Worker {
    private int64 factor;

    public override bool start () throws Error {
        factor = lookup_parameter ("factor", VariantType.INT64).get_int64 ();
        return true;
    }

    public override Variant? task (Variant? task) throws Error {
        return task.get_int64 () * factor;
    }
}

int run () throws Error {
    var first = new Mpipe.Stage.with_order ("increment", 2);
    var second = new Mpipe.Stage.with_order ("Scaler", 2);
    second.parameters = new Variant.parsed ("{'factor': <int64 10>}");

    first.link (second);

    var pipeline = new Mpipe.Pipeline (first);

    foreach (int64 number in new int64[] { 1, 2, -1, 4 })
        pipeline.put (number);
    pipeline.stop ();
    while (true) {
        try {
            Variant? result = pipeline.get ();
            if (result == null)
                return 0;
            print ("%s\n", result.get_int64 ().to_string ());
        } catch (Mpipe.Error.TASK_FAILED error) {
            print ("a task failed\n");
            printerr ("%s\n", error.message);
        }
    }
}

int main (string[] args) {
    Mpipe.Worker.register_func ("increment", increment);
    Mpipe.Worker.register (typeof (Scaler));
    Mpipe.init (ref args);

    try {
        return run ();
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
