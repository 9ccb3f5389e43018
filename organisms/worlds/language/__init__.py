"""Short dialogues about objects in boxes, and a user who says where he thinks an object is."""
