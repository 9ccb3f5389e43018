"""Commands of the side questions, one file each."""
