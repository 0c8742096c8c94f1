"""From records to connections: orient, pair directions, join pieces, bind names."""
