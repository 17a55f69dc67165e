"""Run directories whose fields are given, for tests of what is made of them."""

import tomli_w

from mnrd.output.vtk import write_collection, write_rectilinear


def made_run(folder, document, mesh, times, *, materials=("dermis",)):
    """Write a run directory as mnrd leaves it, without running anything.

    Parameters
    ----------
    folder : Path
    document : dict or str
        The case.
    mesh : Mesh
    times : dict of time (s) to dict of label to array
        What the files hold; ``material`` and ``channel fraction`` among it.
    materials : sequence of str
    """
    (folder / "fields").mkdir(parents=True)
    text = document if isinstance(document, str) else tomli_w.dumps(document)
    (folder / "case.toml").write_text(f"# made\n{text}", "utf-8")
    entries = []
    for number, (time, arrays) in enumerate(times.items()):
        name = f"fields/{number:04d}.vtr"
        write_rectilinear(folder / name, mesh, arrays, time=time, materials=materials)
        entries.append((time, name))
    write_collection(folder / "fields.pvd", entries)
    return folder
