"""The fault theatre: scenes in YAML played over the loopback vendors, on the running workbench or in rehearsal.

`make theatre` lists the scenes, `make theatre SCENE=name` plays one: the real application starts in a home of its own,
its vendors are stand-ins of this machine, and the faults come as the scene says. A rehearsal plays the same scene
through the conductor, without a browser, and looks at what is kept.
"""
