"""Sound on its way in: decoding, the crash-safe recording, voice activity, level. Everything is 16 kHz mono inside."""
