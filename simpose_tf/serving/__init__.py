"""The exported models: what is inside, how they are asked, and how a server of them is asked."""
