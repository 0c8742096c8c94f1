"""Pseudonyms and suppression."""

from folkways.privacy.keys import config_folder, create_key, destroy_key, key_path, load_key
from folkways.privacy.pseudonyms import Pseudonyms
from folkways.privacy.suppression import suppress

__all__ = [
    "Pseudonyms",
    "config_folder",
    "create_key",
    "destroy_key",
    "key_path",
    "load_key",
    "suppress",
]
