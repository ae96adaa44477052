"""The one wiring place: settings -> adapters -> services. The only module that names a vendor."""
