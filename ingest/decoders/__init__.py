"""From a payload to what a gateway said in it; one file per payload format."""
